//! The generated clients, made to only make requests. The only file that knows progenitor.
//!
//! A generated method builds its request, calls `ClientHooks::pre`, and would then send. Our
//! `pre` takes the request out and returns an error, so polling the method once is enough: the
//! request stands in a thread-local slot, and nothing was sent.

pub(crate) use capture::request;

/// Includes what `build.rs` made of one specification.
macro_rules! service {
    ($module:ident, $feature:literal) => {
        #[cfg(feature = $feature)]
        #[allow(
            clippy::all,
            clippy::pedantic,
            dead_code,
            unreachable_pub,
            unused_imports,
            missing_debug_implementations,
            reason = "generated; only its models are public"
        )]
        pub(crate) mod $module {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));

            impl Client {
                pub(crate) fn new(baseurl: reqwest::Url, client: reqwest::Client) -> Self {
                    Self { baseurl, client }
                }
            }

            impl ClientHooks<()> for Client {
                async fn pre<E>(
                    &self,
                    request: &mut reqwest::Request,
                    _: &OperationInfo,
                ) -> Result<(), Error<E>> {
                    super::capture::take(request);
                    Err(Error::Custom(String::new()))
                }
            }
        }
    };
}

/// The path of a base URL, without the slash at its end.
fn path(base: &reqwest::Url) -> &str {
    base.path().trim_end_matches('/')
}

/// A base URL with another path.
fn with_path(base: &reqwest::Url, path: &str) -> reqwest::Url {
    let mut url = base.clone();
    url.set_path(path);
    url
}

service!(symphony, "symphony");
service!(crm_gateway, "crm-gateway");
service!(connect, "connect");

mod capture {
    use std::{
        cell::Cell,
        future::Future,
        pin::pin,
        sync::LazyLock,
        task::{Context, Poll, Waker},
    };

    use http::Method;
    use reqwest::{Request, Url};

    use crate::{Error, Result};

    thread_local! {
        static MADE: Cell<Option<Request>> = const { Cell::new(None) };
    }

    pub(super) fn take(request: &mut Request) {
        static PLACEHOLDER: LazyLock<Option<Url>> = LazyLock::new(|| Url::parse("http://localhost/").ok());
        if let Some(url) = PLACEHOLDER.clone() {
            MADE.set(Some(std::mem::replace(request, Request::new(Method::GET, url))));
        }
    }

    /// The request that a generated method makes.
    pub(crate) fn request<T, E>(
        method: impl Future<Output = Result<T, progenitor_client::Error<E>>>,
    ) -> Result<Request> {
        let polled = pin!(method).poll(&mut Context::from_waker(Waker::noop()));
        if let Some(request) = MADE.take() {
            return Ok(request);
        }
        let problem = match polled {
            Poll::Ready(Err(progenitor_client::Error::CommunicationError(_))) => {
                "do not make a URL together with the base URL"
            }
            _ => "cannot be written into the request",
        };
        Err(Error::invalid_input("arguments", problem))
    }

    #[cfg(all(test, feature = "symphony"))]
    mod tests {
        use super::*;

        /// What the whole crate rests on: the method does not suspend before `pre`.
        #[test]
        fn a_generated_method_makes_its_request_at_the_first_poll_and_sends_nothing() {
            let server = crate::transport::Server::parse("http://localhost", false).expect("valid");
            let http = server.http_client(&crate::transport::Settings::default()).expect("builds");
            let client = super::super::symphony::Client::new(
                Url::parse("http://localhost:1/admin").expect("a URL"),
                http,
            );
            let made = request(client.list_entitlements()).expect("a request");
            assert_eq!(made.method(), Method::GET);
            assert_eq!(made.url().as_str(), "http://localhost:1/admin/api/v2/customer/entitlements");
            assert!(MADE.take().is_none());
        }
    }
}
