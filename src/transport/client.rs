//! The HTTP clients: the caller's options first, and our safety settings over them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::{Client, ClientBuilder, Url, redirect, retry};

use super::{
    Settings,
    network::{Network, ProxyChoice},
    tls,
};
use crate::{Error, Result};

/// An HTTP client for the origin of this URL.
pub(super) fn http_client(url: &Url, settings: &Settings) -> Result<Client> {
    let network = &settings.network;
    let mut builder = Client::builder();
    if let Some(own) = &network.http_builder {
        builder = own(builder);
    }
    // The order counts: whatever the caller did above, what follows holds.
    let (builder, proxy_by_tls) = proxied(builder, url, network)?;
    let https = url.scheme() == "https";
    let builder = compressed(builder)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .https_only(https)
        // It would write requests with their tokens into the log.
        .connection_verbose(false)
        // An attempt that ends before its connection is made would not tell that nothing was sent.
        .connect_timeout(settings.connect_timeout.min(settings.attempt_timeout));
    build(tls::configure(builder, https || proxy_by_tls, network)?, network)
}

/// What goes to this machine goes through no proxy and to no other address, whoever says so.
fn proxied(builder: ClientBuilder, url: &Url, network: &Network) -> Result<(ClientBuilder, bool)> {
    let proxy = network.proxy.checked()?;
    if is_loopback(url) {
        let local = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        let local = local.map(|address| SocketAddr::new(address, 0));
        let builder = builder.no_proxy();
        return Ok(match network.http_builder {
            Some(_) => (builder.resolve_to_addrs("localhost", &local), false),
            None => (builder, false),
        });
    }
    Ok(match (&network.proxy, proxy) {
        (_, Some((proxy, by_tls))) => (builder.no_proxy().proxy(proxy), by_tls),
        (ProxyChoice::None, None) => (builder.no_proxy(), false),
        (_, None) => (builder, false),
    })
}

/// Another crate of the application can switch on what reqwest reads.
fn compressed(builder: ClientBuilder) -> ClientBuilder {
    let builder = builder.no_brotli().no_zstd().no_deflate();
    #[cfg(feature = "gzip")]
    let builder = builder.gzip(true);
    #[cfg(not(feature = "gzip"))]
    let builder = builder.no_gzip();
    builder
}

fn build(builder: ClientBuilder, network: &Network) -> Result<Client> {
    tls::build(builder)?.map_err(|error| {
        let message = if network.http_builder.is_some() {
            "the HTTP client cannot be built; check what `http_builder` sets, and the TLS features"
        } else {
            "the HTTP client cannot be built; check the TLS features and the certificates"
        };
        Error::configuration(message).with_source(error.without_url())
    })
}

pub(super) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = |address: IpAddr| address.to_canonical().is_loopback();
        host == "localhost" || bare.parse::<IpAddr>().is_ok_and(loopback)
    })
}
