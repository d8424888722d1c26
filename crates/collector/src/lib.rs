//! Polls the routers, writes samples and spans.
