//! Where requests leave the crate: the network, or a fake in the same process.

use reqwest::{Request, Response};

use super::tls;

/// Sends requests.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    network: reqwest::Client,
    #[cfg(feature = "fakes")]
    in_process: Option<crate::fakes::InProcess>,
}

/// Why there is no answer.
pub(crate) enum Unanswered {
    /// The request cannot be sent as it is.
    Unbuildable(reqwest::Error),
    /// No connection was made, within its time or at all.
    NotSent(Option<reqwest::Error>, Late),
    /// The request was sent.
    Lost(Option<reqwest::Error>, Late),
}

/// Whether time was up.
pub(crate) type Late = bool;

/// What is known of an answer that did not come whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Its head has more lines or bytes than the HTTP client takes. Another attempt would bring
    /// the same.
    HeadTooLarge,
    /// It is not HTTP.
    NotHttp,
    /// Nothing but that the connection ended.
    Gone,
}

impl Fault {
    /// By the HTTP library's own error, which is somewhere among the sources. It has a method for a
    /// head that is too large, but only together with its server, so its fixed words have to do; a
    /// test watches them.
    pub(crate) fn of(error: Option<&reqwest::Error>) -> Self {
        let parse = error.into_iter().flat_map(|error| tls::causes(error));
        let parse =
            parse.filter_map(|cause| cause.downcast_ref::<hyper::Error>()).find(|error| error.is_parse());
        match parse {
            Some(error) if error.to_string() == "message head is too large" => Self::HeadTooLarge,
            Some(_) => Self::NotHttp,
            None => Self::Gone,
        }
    }
}

impl Sender {
    pub(crate) fn new(network: reqwest::Client) -> Self {
        Self {
            network,
            #[cfg(feature = "fakes")]
            in_process: None,
        }
    }

    #[cfg(feature = "fakes")]
    pub(crate) fn with_in_process(mut self, end: Option<crate::fakes::InProcess>) -> Self {
        self.in_process = end;
        self
    }

    pub(crate) fn network(&self) -> &reqwest::Client {
        &self.network
    }

    pub(crate) async fn execute(&self, request: Request) -> Result<Response, Unanswered> {
        #[cfg(feature = "fakes")]
        if let Some(end) = &self.in_process {
            return end.execute(request).await;
        }
        self.network.execute(request).await.map_err(Unanswered::from)
    }
}

impl From<reqwest::Error> for Unanswered {
    fn from(error: reqwest::Error) -> Self {
        // The URL of a request can hold an e-mail address.
        let error = error.without_url();
        let late = error.is_timeout();
        if error.is_builder() {
            Self::Unbuildable(error)
        } else if error.is_connect() || tls::is_refused_certificate(&error) {
            Self::NotSent(Some(error), late)
        } else {
            Self::Lost(Some(error), late)
        }
    }
}
