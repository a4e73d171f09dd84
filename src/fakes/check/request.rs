//! The rules of requests.

use super::{
    BrokenRule, Request,
    body::{self, Fault},
    model::{Body, Operation, Parameter},
    parameter::{Source, joined},
    schemas::Schemas,
    text,
};

/// `segments` is what stands at the placeholders of the path.
pub(super) fn check(
    operation: &Operation,
    schemas: &Schemas,
    segments: &[&str],
    request: &Request,
) -> Result<(), BrokenRule> {
    let rules = Rules { operation, schemas, request };
    rules.path(segments)?;
    rules.query()?;
    rules.headers()?;
    operation.body.as_ref().map_or(Ok(()), |body| rules.body(body))
}

struct Rules<'a> {
    operation: &'a Operation,
    schemas: &'a Schemas,
    request: &'a Request,
}

impl Rules<'_> {
    fn path(&self, segments: &[&str]) -> Result<(), BrokenRule> {
        for (parameter, segment) in self.operation.path.iter().zip(segments) {
            let checked = parameter.check(self.schemas, Source::Path, &[segment]);
            checked.map_err(|why| self.broken("path-parameter", "path", parameter, why))?;
        }
        Ok(())
    }

    fn query(&self) -> Result<(), BrokenRule> {
        for parameter in &self.operation.query {
            let given = text::pairs(&self.request.query)
                .filter(|(name, _)| text::from_query(name).as_deref() == Some(parameter.name.as_str()));
            let values: Vec<_> = given.map(|(_, value)| value).collect();
            match values.len() {
                0 => self.missing("query", parameter)?,
                count if count > 1 && !parameter.is_list() => {
                    let why = format!("stands there {count} times");
                    return Err(self.broken("repeated-parameter", "query", parameter, why));
                }
                _ => parameter
                    .check(self.schemas, Source::Query, &values)
                    .map_err(|why| self.broken("query-parameter", "query", parameter, why))?,
            }
        }
        Ok(())
    }

    fn headers(&self) -> Result<(), BrokenRule> {
        for parameter in &self.operation.headers {
            match joined(&self.request.headers, &parameter.name) {
                None => self.missing("header", parameter)?,
                Some(value) => value
                    .and_then(|value| parameter.check(self.schemas, Source::Header, &[&value]))
                    .map_err(|why| self.broken("header-parameter", "header", parameter, why))?,
            }
        }
        Ok(())
    }

    fn missing(&self, location: &str, parameter: &Parameter) -> Result<(), BrokenRule> {
        if !parameter.required {
            return Ok(());
        }
        Err(self.broken("missing-parameter", location, parameter, "is missing".to_owned()))
    }

    fn broken(
        &self,
        name: &'static str,
        location: &str,
        parameter: &Parameter,
        detail: String,
    ) -> BrokenRule {
        let place = format!("{}, {location} parameter `{}`", self.operation.id, parameter.name);
        BrokenRule { name, place, detail }
    }

    fn body(&self, body: &Body) -> Result<(), BrokenRule> {
        let place = format!("{}, request body", self.operation.id);
        let request = self.request;
        if request.body.is_empty() {
            let rule = BrokenRule { name: "missing-body", place, detail: "is missing".to_owned() };
            return if body.required { Err(rule) } else { Ok(()) };
        }
        body::check(&body.media, self.schemas, &request.headers, &request.body).map_err(|misfit| {
            let name = match misfit.fault {
                Fault::Media => "media-type",
                Fault::Json => "body-json",
                Fault::Schema => "body-schema",
            };
            misfit.broken(name, &place)
        })
    }
}
