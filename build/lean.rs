//! Requests that are made without text in between: a base URL that was parsed once, and no header
//! that nobody asks for.

use quote::ToTokens;
use syn::{Expr, ImplItem, Item, Stmt, parse_quote, visit_mut::VisitMut};

/// Changes the generated client, and leaves everything else as it is.
pub(crate) fn make(item: &mut Item) {
    match item {
        Item::Impl(block) => {
            block.items.retain(|member| !is_unused_constructor(member));
            block.items.iter_mut().for_each(make_method);
        }
        Item::Struct(client) if client.ident == "Client" => {
            for field in &mut client.fields {
                if field.ident.as_ref().is_some_and(|name| name == "baseurl") {
                    field.ty = parse_quote!(::reqwest::Url);
                }
            }
        }
        _ => {}
    }
}

/// The generator's constructors take the base URL as text, and one would build an HTTP client of
/// its own, with other limits than ours.
fn is_unused_constructor(member: &ImplItem) -> bool {
    let ImplItem::Fn(function) = member else { return false };
    function.sig.ident == "new" || function.sig.ident == "new_with_client"
}

/// Puts the path behind a base URL that was parsed before, instead of parsing the whole URL for
/// every call, and leaves out a header with the document's version that no vendor asks for.
fn make_method(member: &mut ImplItem) {
    let ImplItem::Fn(method) = member else { return };
    for statement in &mut method.block.stmts {
        let Stmt::Local(local) = statement else { continue };
        let Some(init) = &mut local.init else { continue };
        if let Expr::Macro(call) = &mut *init.expr
            && call.mac.path.is_ident("format")
        {
            let text = call
                .mac
                .tokens
                .to_string()
                .replace("self . baseurl", "crate::generated::path(&self.baseurl)");
            let Ok(tokens) = text.parse::<proc_macro2::TokenStream>() else { continue };
            init.expr = parse_quote!(crate::generated::with_path(&self.baseurl, &format!(#tokens)));
        }
    }
    let text = |statement: &Stmt| statement.to_token_stream().to_string();
    // More than one header would be the arguments of the operation.
    if method
        .block
        .stmts
        .iter()
        .any(|statement| text(statement).contains("HeaderMap :: with_capacity (1usize)"))
    {
        let is_header = |text: &str| text.starts_with("let mut header_map") || text.starts_with("header_map");
        method.block.stmts.retain(|statement| !is_header(&text(statement)));
        WithoutHeaders.visit_block_mut(&mut method.block);
    }
}

/// Takes the call of `headers(…)` out of the making of a request.
struct WithoutHeaders;

impl VisitMut for WithoutHeaders {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        syn::visit_mut::visit_expr_mut(self, expression);
        if let Expr::MethodCall(call) = expression
            && call.method == "headers"
        {
            *expression = (*call.receiver).clone();
        }
    }
}
