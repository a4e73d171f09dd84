//! Reads a document once, so that a check has nothing left to look up.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::{
    model::{Answer, Body, Kind, Media, Operation, Parameter, Path, Paths, Segment, Shape, Statuses},
    schema::Direction,
    schemas::{Collector, Schemas},
};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// `OpenAPI` takes these out of the parameters and headers: they have rules of their own.
const NO_PARAMETERS: [&str; 3] = ["accept", "authorization", "content-type"];
/// Bodies that a schema describes by their fields, which are not read here.
const FORMS: [&str; 2] = ["application/x-www-form-urlencoded", "multipart/form-data"];

pub(super) fn read(document: &Value) -> Result<(Paths, Schemas), String> {
    if !text(document, "openapi").is_some_and(|version| version.starts_with("3.0.")) {
        return Err("the document is not OpenAPI 3.0".to_owned());
    }
    let mut reader = Reader { document, schemas: Collector::new(document) };
    let mut list = Vec::new();
    for (template, item) in entries(document.get("paths")) {
        list.push(reader.path(template, item)?);
    }
    list.sort_by(|one, other| one.segments.cmp(&other.segments));
    Ok((Paths { base: base_path(document)?, list }, reader.schemas.compile()?))
}

/// The path of the first server, with the defaults of its variables.
fn base_path(document: &Value) -> Result<String, String> {
    let Some(server) = document.pointer("/servers/0") else { return Ok(String::new()) };
    let mut address = text(server, "url").ok_or("the first server has no url")?.to_owned();
    for (name, variable) in entries(server.get("variables")) {
        address = address.replace(&format!("{{{name}}}"), text(variable, "default").unwrap_or_default());
    }
    let example = Url::parse("http://fake.example").map_err(|error| error.to_string())?;
    let url = example.join(&address).map_err(|error| format!("the url of the first server: {error}"))?;
    Ok(url.path().trim_end_matches('/').to_owned())
}

struct Reader<'a> {
    document: &'a Value,
    schemas: Collector<'a>,
}

impl<'a> Reader<'a> {
    /// Follows references to components of one section.
    fn resolve(&self, value: &'a Value, section: &str, place: &str) -> Result<&'a Value, String> {
        let mut current = value;
        for _ in 0..16 {
            let Some(target) = current.get("$ref") else { return Ok(current) };
            let name = target.as_str().and_then(|target| {
                target.strip_prefix("#/components/")?.strip_prefix(section)?.strip_prefix('/')
            });
            let found = name.and_then(|name| self.document.get("components")?.get(section)?.get(name));
            current = found.ok_or_else(|| format!("{place}: {target} is none of components/{section}"))?;
        }
        Err(format!("{place}: the references go in a circle"))
    }

    fn path(&mut self, template: &'a str, item: &'a Value) -> Result<Path, String> {
        let place = format!("path `{template}`");
        if item.get("$ref").is_some() || item.get("servers").is_some() {
            return Err(format!("{place}: a reference or servers of its own are not understood"));
        }
        let segments =
            segments(template).ok_or_else(|| format!("{place}: a placeholder is no whole segment"))?;
        let mut operations = BTreeMap::new();
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                let method = method.to_uppercase();
                let id = text(operation, "operationId")
                    .map_or_else(|| format!("{method} {template}"), str::to_owned);
                operations.insert(method, self.operation(id, &segments, item, operation)?);
            }
        }
        Ok(Path { segments, operations })
    }

    fn operation(
        &mut self,
        id: String,
        segments: &[Segment],
        item: &'a Value,
        operation: &'a Value,
    ) -> Result<Operation, String> {
        if operation.get("servers").is_some() {
            return Err(format!("{id}: servers of its own are not understood"));
        }
        let mut declared: BTreeMap<(&str, &str), &'a Value> = BTreeMap::new();
        // A parameter of the operation takes the place of one of the path.
        for parameter in items(item.get("parameters")).chain(items(operation.get("parameters"))) {
            let parameter = self.resolve(parameter, "parameters", &id)?;
            let key = text(parameter, "in").zip(text(parameter, "name"));
            declared.insert(key.ok_or_else(|| format!("{id}: a parameter has no name or place"))?, parameter);
        }
        let (mut path, mut query, mut headers) = (Vec::new(), Vec::new(), Vec::new());
        for segment in segments {
            let Segment::Placeholder(name) = segment else { continue };
            let parameter = declared.remove(&("path", name.as_str()));
            let parameter = parameter.ok_or_else(|| format!("{id}: placeholder `{name}` is not declared"))?;
            path.push(self.parameter(&id, name, "simple", parameter, Direction::Request)?);
        }
        for ((location, name), parameter) in declared {
            match location {
                "query" => query.push(self.parameter(&id, name, "form", parameter, Direction::Request)?),
                "header" if is_no_parameter(name) => {}
                "header" => {
                    headers.push(self.parameter(&id, name, "simple", parameter, Direction::Request)?);
                }
                _ => return Err(format!("{id}: parameter `{name}` in {location} is not understood")),
            }
        }
        let body = match operation.get("requestBody") {
            Some(body) => Some(self.body(&id, body)?),
            None => None,
        };
        let mut replies = Vec::new();
        for (status, response) in entries(operation.get("responses")) {
            replies.extend(self.answer(&id, status, response)?);
        }
        replies.sort_by_key(|answer| answer.status);
        Ok(Operation { id, path, query, headers, body, replies })
    }

    /// `usual` is the style without a `style`, and the only one besides those of lists.
    fn parameter(
        &mut self,
        id: &str,
        name: &str,
        usual: &str,
        parameter: &'a Value,
        direction: Direction,
    ) -> Result<Parameter, String> {
        let place = format!("{id}, `{name}`");
        let (schema, shape) = match (parameter.get("schema"), parameter.get("content")) {
            (Some(schema), None) => (schema, self.shape(&place, usual, parameter, schema)?),
            (None, Some(content)) => {
                let schema = content.get("application/json").and_then(|media| media.get("schema"));
                (
                    schema.ok_or_else(|| format!("{place}: only JSON is understood as its content"))?,
                    Shape::Json,
                )
            }
            _ => return Err(format!("{place}: it has not exactly one of `schema` and `content`")),
        };
        Ok(Parameter {
            name: name.to_owned(),
            required: parameter.get("required") == Some(&Value::Bool(true)),
            may_be_empty: parameter.get("allowEmptyValue") == Some(&Value::Bool(true)),
            shape,
            schema: self.schemas.add(schema, direction, &place)?,
        })
    }

    fn shape(
        &self,
        place: &str,
        usual: &str,
        parameter: &'a Value,
        schema: &'a Value,
    ) -> Result<Shape, String> {
        let style = text(parameter, "style").unwrap_or(usual);
        let explodes = parameter.get("explode").map_or(usual == "form", |explode| explode == true);
        let delimiter = match (style, explodes) {
            ("form", true) if usual == "form" => None,
            ("form", false) if usual == "form" => Some(','),
            ("spaceDelimited", false) if usual == "form" => Some(' '),
            ("pipeDelimited", false) if usual == "form" => Some('|'),
            // A list looks the same with and without `explode`.
            ("simple", _) if usual == "simple" => Some(','),
            _ => return Err(format!("{place}: the style {style} is not understood here")),
        };
        let resolved = self.wrapped(schema, place)?;
        if text(resolved, "type") != Some("array") {
            return Ok(Shape::One(kind(resolved, place)?));
        }
        let item = resolved.get("items").ok_or_else(|| format!("{place}: a list without `items`"))?;
        let item = self.wrapped(item, place)?;
        Ok(Shape::List { item: kind(item, place)?, delimiter })
    }

    /// The schema behind references and single `allOf`.
    fn wrapped(&self, schema: &'a Value, place: &str) -> Result<&'a Value, String> {
        let converter = self.schemas.converter(Direction::Request);
        let mut current = converter.resolve(schema, place)?;
        for _ in 0..16 {
            match current.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
                Some([only]) if current.get("type").is_none() => current = converter.resolve(only, place)?,
                _ => return Ok(current),
            }
        }
        Err(format!("{place}: the references go in a circle"))
    }

    fn body(&mut self, id: &str, body: &'a Value) -> Result<Body, String> {
        let body = self.resolve(body, "requestBodies", id)?;
        let media = self.media(id, body, Direction::Request)?;
        Ok(Body { required: body.get("required") == Some(&Value::Bool(true)), media })
    }

    fn media(&mut self, id: &str, holder: &'a Value, direction: Direction) -> Result<Vec<Media>, String> {
        let mut made = Vec::new();
        for (range, media) in entries(holder.get("content")) {
            let place = format!("{id}, {} body {range}", direction.name());
            let range = super::model::essence(range);
            let schema = match media.get("schema") {
                Some(_) if FORMS.contains(&range.as_str()) => {
                    return Err(format!("{place}: the schema of a form is not understood"));
                }
                Some(schema) => Some(self.schemas.add(schema, direction, &place)?),
                None => None,
            };
            made.push(Media { range, schema });
        }
        Ok(made)
    }

    /// `None` for `default`, which lists no status.
    fn answer(&mut self, id: &str, status: &str, response: &'a Value) -> Result<Option<Answer>, String> {
        let place = format!("{id} {status}");
        let response = self.resolve(response, "responses", &place)?;
        let media = self.media(&place, response, Direction::Reply)?;
        let mut headers = Vec::new();
        for (name, header) in entries(response.get("headers")) {
            if is_no_parameter(name) {
                continue;
            }
            let header = self.resolve(header, "headers", &place)?;
            headers.push(self.parameter(&place, name, "simple", header, Direction::Reply)?);
        }
        let status = match status.as_bytes() {
            b"default" => return Ok(None),
            [digit @ b'1'..=b'5', b'X', b'X'] => Statuses::Class(u16::from(digit - b'0')),
            _ => Statuses::One(status.parse().map_err(|_| format!("{place}: this is no status"))?),
        };
        Ok(Some(Answer { status, media, headers }))
    }
}

fn kind(schema: &Value, place: &str) -> Result<Kind, String> {
    match text(schema, "type") {
        Some("string") => Ok(Kind::Text),
        Some("integer") => Ok(Kind::Integer),
        Some("number") => Ok(Kind::Number),
        Some("boolean") => Ok(Kind::Boolean),
        _ => Err(format!("{place}: a parameter is a text, a number, a boolean or a list of them")),
    }
}

fn is_no_parameter(name: &str) -> bool {
    NO_PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// `None` where a placeholder shares its segment with something else.
fn segments(template: &str) -> Option<Vec<Segment>> {
    let segment = |text: &str| match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => Some(Segment::Placeholder(name.to_owned())),
        None => (!text.contains(['{', '}'])).then(|| Segment::Plain(text.to_owned())),
    };
    template.strip_prefix('/')?.split('/').map(segment).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}
