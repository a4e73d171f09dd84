//! What the generator has no option for: fields that decode leniently, `Debug` without personal
//! data, models that can grow, and the operation markers.

use std::collections::{BTreeMap, BTreeSet};

use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use syn::{Attribute, Field, Fields, File, Item, ItemMod, ItemStruct, LitStr, parse_quote};

use super::{lean, operation::Operation, walk};

/// The finished source of one service.
pub(crate) fn finish(
    service: &str,
    tokens: String,
    document: &Value,
    models: &BTreeSet<String>,
    operations: &[Operation],
) -> String {
    let Ok(mut file) = syn::parse_str::<File>(&tokens) else {
        // Compiling the text gives the better message than repeating the parser's.
        return tokens;
    };
    file.items.retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    let mut published = Vec::new();
    for item in &mut file.items {
        match item {
            Item::Mod(module) if module.ident == "types" => {
                published = polish_types(module, document, models);
            }
            item => lean::make(item),
        }
    }
    let markers = markers(service, operations);
    let models = published.iter().map(|name| format_ident!("{name}"));
    quote! {
        #file
        /// The models that are part of the public interface.
        pub mod model {
            #(pub use super::types::#models;)*
        }
        /// One marker per operation.
        pub mod op { #markers }
    }
    .to_string()
}

fn polish_types(module: &mut ItemMod, document: &Value, models: &BTreeSet<String>) -> Vec<String> {
    let Some((_, items)) = &mut module.content else { return Vec::new() };
    let mut published = Vec::new();
    let mut debugs = Vec::new();
    for item in items.iter_mut() {
        let Item::Struct(model) = item else { continue };
        let name = model.ident.to_string();
        let personal = personal_properties(document, &name);
        if !personal.is_empty() {
            debugs.push(redacting_debug(model, &personal));
        }
        if models.contains(&name) {
            model.attrs.push(parse_quote!(#[non_exhaustive]));
            model.fields.iter_mut().for_each(decode_leniently);
            published.push(name);
        }
    }
    items.extend(debugs);
    published
}

fn personal_properties(document: &Value, schema: &str) -> BTreeSet<String> {
    let schema = document.pointer("/components/schemas").and_then(|all| all.get(schema));
    walk::entries(schema.and_then(|schema| schema.get("properties")))
        .filter(|(_, property)| property["x-personal"] == true)
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Replaces the derived `Debug` by one that says only whether a personal value is there.
fn redacting_debug(model: &mut ItemStruct, personal: &BTreeSet<String>) -> Item {
    for attribute in model.attrs.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let kept: Vec<_> = attribute
            .parse_args_with(syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated)
            .into_iter()
            .flatten()
            .filter(|path| path.segments.last().is_none_or(|last| last.ident != "Debug"))
            .collect();
        *attribute = parse_quote!(#[derive(#(#kept),*)]);
    }
    let name = &model.ident;
    let label = name.to_string();
    let fields = named(&model.fields).map(|field| {
        let ident = &field.ident;
        let label = ident.as_ref().map(ToString::to_string).unwrap_or_default();
        if personal.contains(&wire_name(field)) {
            let presence = presence(field);
            quote!(.field(#label, &crate::field::redacted(#presence)))
        } else {
            quote!(.field(#label, &self.#ident))
        }
    });
    parse_quote! {
        impl ::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(#label)#(#fields)*.finish()
            }
        }
    }
}

/// What tells whether a field has a value: the field itself, or a stand-in where it cannot be asked.
fn presence(field: &Field) -> proc_macro2::TokenStream {
    let kind = field.ty.to_token_stream().to_string().replace(' ', "");
    let ident = &field.ident;
    let asked = [
        "::std::option::Option<",
        "::std::string::String",
        "::std::vec::Vec<",
        "::std::collections::HashMap<",
    ];
    if asked.iter().any(|prefix| kind.starts_with(prefix)) { quote!(&self.#ident) } else { quote!(&Some(())) }
}

fn named(fields: &Fields) -> impl Iterator<Item = &Field> {
    fields.iter().filter(|field| field.ident.is_some())
}

/// The property name: that of `rename`, or else the field's own.
fn wire_name(field: &Field) -> String {
    let mut name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    for attribute in serde_attributes(field) {
        // A key without a value, such as `default`, has to be passed over like any other.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = meta.value()?.parse::<LitStr>()?.value();
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<LitStr>()?;
            }
            Ok(())
        });
    }
    name
}

fn serde_attributes(field: &Field) -> impl Iterator<Item = &Attribute> {
    field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde"))
}

/// A number where a text is meant, `null` for a list: neither loses the object.
fn decode_leniently(field: &mut Field) {
    let kind = field.ty.to_token_stream().to_string().replace(' ', "");
    let (function, needs_default) = match kind.as_str() {
        "::std::option::Option<::std::string::String>" => ("text", true),
        "::std::option::Option<i64>" => ("integer", true),
        "::std::option::Option<bool>" => ("flag", true),
        "::std::collections::HashMap<::std::string::String,::std::string::String>" => ("texts", false),
        list if list.starts_with("::std::vec::Vec<") => ("list", false),
        _ => return,
    };
    let function = format!("crate::field::{function}");
    field.attrs.push(parse_quote!(#[serde(deserialize_with = #function)]));
    if needs_default {
        field.attrs.push(parse_quote!(#[serde(default)]));
    }
}

fn markers(service: &str, operations: &[Operation]) -> proc_macro2::TokenStream {
    let variant = |word: &str| format_ident!("{}", pascal(word));
    let mut paging = BTreeMap::new();
    let markers: Vec<_> = operations
        .iter()
        .map(|operation| {
            let Operation { id, method_name, http_method, path, .. } = operation;
            let name = variant(method_name);
            let public_name = format!("{service}.{method_name}");
            let repeat = variant(&operation.repeat);
            let login = variant(&operation.login);
            let success = operation.success.as_ref().map_or_else(
                || quote!(()),
                |model| {
                    let model = format_ident!("{model}");
                    quote!(super::types::#model)
                },
            );
            let has_body = operation.success.is_some();
            if let Some(style) = &operation.paging {
                paging.insert(name.clone(), variant(&format!("pages_by_{style}")));
            }
            let doc = format!("`{http_method} {path}`");
            quote! {
                #[doc = #doc]
                #[derive(Debug, Clone, Copy)]
                pub struct #name;
                impl crate::transport::Operation for #name {
                    const INFO: &'static crate::transport::OperationInfo = &crate::transport::OperationInfo {
                        id: #id,
                        name: #public_name,
                        method: #http_method,
                        template: #path,
                        repeat: crate::transport::Repeat::#repeat,
                        login: crate::transport::Login::#login,
                        answers_with_body: #has_body,
                    };
                    type Success = #success;
                }
            }
        })
        .collect();
    let paged = paging.iter().map(|(name, style)| quote!(impl crate::page::#style for #name {}));
    quote!(#(#markers)* #(#paged)*)
}

fn pascal(word: &str) -> String {
    word.split('_')
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect()
}
