//! The HTTP door over real sockets.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[expect(dead_code, unreachable_pub, reason = "shared by the test binaries, each of which uses a part")]
mod support;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use reweave_gateway::{Error, Gateway, Options, bus::Topic};
use serde_json::Value;
use support::{ConnectAndRead as _, PATIENCE, World, config, spec, until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

/// A gateway with its door open.
struct Door {
    address: SocketAddr,
    client: Client,
    shutdown: CancellationToken,
    running: tokio::task::JoinHandle<Result<(), Error>>,
}

impl Door {
    async fn open(world: &World, overrides: &[&str]) -> Self {
        let database = format!("gateway.ledger.path={}", world.folder.path().join("ledger.db").display());
        let mut all = vec!["gateway.http.listen=127.0.0.1:0", &database];
        all.extend(overrides);
        let options = Options {
            bus: Some(Arc::new(world.broker.connect())),
            synthesis: Some(world.synthesis.channel()),
            ..Options::new(config(&all))
        };
        let gateway: Gateway = until(async || options.clone().build().await.ok()).await;
        let address = gateway.http_address().unwrap();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(gateway.run(shutdown.clone()));
        Self { address, client: Client::new(), shutdown, running }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address)).timeout(PATIENCE)
    }

    async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    async fn submit(&self, id: &str, body: impl Into<reqwest::Body>) -> Response {
        self.request(Method::POST, "/v1/specs").header("ce-id", id).body(body).send().await.unwrap()
    }

    async fn settled(&self, location: &str) -> Value {
        until(async || Some(json(self.get(location).await).await).filter(|status| status["state"] == "settled")).await
    }

    async fn close(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }
}

async fn json(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn problem(response: Response, status: StatusCode) -> Value {
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    assert_eq!(response.status(), status);
    let problem = json(response).await;
    assert_eq!(problem["status"], status.as_u16());
    problem
}

#[tokio::test]
async fn a_spec_is_accepted_worked_on_and_answered() {
    let world = World::new();
    let door = Door::open(&world, &[]).await;
    let accepted = door.submit("1", spec("1", "answer", 0)).await;
    assert_eq!(accepted.status(), StatusCode::ACCEPTED);
    let location = header(&accepted, "location");
    let status = json(accepted).await;
    assert_eq!(location, format!("/v1/specs/{}", status["spec_id"].as_str().unwrap()));
    assert_eq!((status["source"].as_str(), status["id"].as_str()), (Some("urn:reweave:http"), Some("1")));
    let settled = door.settled(&location).await;
    assert_eq!(settled["outcome"]["unchanged"]["reason"], "as scripted");
    let patches = location.replace("specs", "patches");
    assert_eq!(json(door.get(&patches).await).await, settled["outcome"]);
    let diff = door.request(Method::GET, &patches).header("accept", "text/x-diff").send().await.unwrap();
    assert_eq!(header(&diff, "content-type"), "text/x-diff; charset=utf-8");
    assert_eq!(diff.text().await.unwrap(), "");
    door.close().await;
}

#[tokio::test]
async fn the_same_key_and_body_again_change_nothing_and_another_body_conflicts() {
    let world = World::new();
    let door = Door::open(&world, &[]).await;
    let first = json(door.submit("1", spec("1", "wait", 0)).await).await;
    let again = door.submit("1", spec("1", "wait", 0)).await;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert_eq!(json(again).await["spec_id"], first["spec_id"]);
    let other = problem(door.submit("1", spec("1", "wait", 1)).await, StatusCode::CONFLICT).await;
    assert_eq!(other["code"], "event.id_reused");
    until(async || (world.synthesis.started().len() == 1).then_some(())).await;
    assert!(world.broker.connect_and_read(Topic::Specs).await.len() <= 1, "it was put on the bus once");
    world.synthesis.go(9);
    door.close().await;
    assert_eq!(world.synthesis.started().len(), 1);
}

#[tokio::test]
async fn an_accepted_spec_survives_a_restart_and_a_lost_bus() {
    let world = World::new();
    let door = Door::open(&world, &["gateway.grace_ms=0"]).await;
    let location = header(&door.submit("1", spec("1", "wait", 0)).await, "location");
    door.close().await;
    let forgetful = World { broker: reweave_gateway::bus::memory::Broker::new(5 << 20, 64 << 20), ..world };
    forgetful.synthesis.go(9);
    let door = Door::open(&forgetful, &[]).await;
    assert_eq!(door.settled(&location).await["outcome"]["unchanged"]["reason"], "as scripted");
    door.close().await;
    let door = Door::open(&forgetful, &[]).await;
    assert_eq!(json(door.get(&location).await).await["state"], "settled");
}

#[tokio::test]
async fn progress_is_followed_until_the_outcome() {
    let world = World::new();
    let door = Door::open(&world, &[]).await;
    let location = header(&door.submit("1", spec("1", "wait", 0)).await, "location");
    let mut stream = door.request(Method::GET, &location).header("accept", "text/event-stream").send().await.unwrap();
    assert_eq!(header(&stream, "content-type"), "text/event-stream");
    let mut text = String::new();
    while !text.contains("event: progress") {
        text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    world.synthesis.go(1);
    while let Some(chunk) = stream.chunk().await.unwrap() {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.starts_with("event: outcome") && last.contains("as scripted"), "{text}");
}

#[tokio::test]
async fn a_spec_is_cancelled_once_and_a_settled_one_is_not() {
    let world = World::new();
    let door = Door::open(&world, &[]).await;
    let location = header(&door.submit("1", spec("1", "wait", 0)).await, "location");
    for _ in 0..2 {
        let cancelled = door.request(Method::DELETE, &location).send().await.unwrap();
        assert_eq!(cancelled.status(), StatusCode::OK);
        assert_eq!(json(cancelled).await["outcome"]["refusal"]["code"], "spec.cancelled");
    }
    let refused = problem(door.get(&location.replace("specs", "patches")).await, StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "spec.cancelled");
    let location = header(&door.submit("2", spec("2", "answer", 0)).await, "location");
    door.settled(&location).await;
    problem(door.request(Method::DELETE, &location).send().await.unwrap(), StatusCode::CONFLICT).await;
}

#[tokio::test]
async fn what_is_not_known_is_not_found() {
    let door = Door::open(&World::new(), &[]).await;
    let unknown = "0".repeat(64);
    for path in [format!("/v1/specs/{unknown}"), format!("/v1/patches/{unknown}"), "/v1/specs/x%00".into(), "/".into()]
    {
        problem(door.get(&path).await, StatusCode::NOT_FOUND).await;
    }
    let delete = door.request(Method::DELETE, &format!("/v1/specs/{unknown}")).send().await.unwrap();
    problem(delete, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_patch_that_is_not_ready_is_202_and_an_unknown_form_406() {
    let world = World::new();
    let door = Door::open(&world, &[]).await;
    let location = header(&door.submit("1", spec("1", "wait", 0)).await, "location").replace("specs", "patches");
    assert_eq!(door.get(&location).await.status(), StatusCode::ACCEPTED);
    let image = door.request(Method::GET, &location).header("accept", "image/png").send().await.unwrap();
    problem(image, StatusCode::NOT_ACCEPTABLE).await;
    world.synthesis.go(1);
}

#[tokio::test]
async fn bad_bodies_are_refused_with_their_code() {
    let world = World::new();
    let door = Door::open(&world, &["gateway.http.body_bytes_max=100000"]).await;
    let empty = problem(door.submit("1", "").await, StatusCode::BAD_REQUEST).await;
    assert_eq!(empty["code"], "spec.invalid");
    let text = problem(door.submit("2", vec![0xff, 0xfe, 0x00]).await, StatusCode::BAD_REQUEST).await;
    assert_eq!(text["code"], "spec.invalid");
    let unknown = problem(door.submit("3", r#"{"wish": 1}"#).await, StatusCode::BAD_REQUEST).await;
    assert!(unknown["evidence"].to_string().contains("wish"), "{unknown}");
    let huge = problem(door.submit("4", vec![b' '; 100_001]).await, StatusCode::PAYLOAD_TOO_LARGE).await;
    assert_eq!(huge["code"], "spec.too_large");
    let stream = futures::stream::iter((0..200).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1000])));
    let chunked = door.submit("5", reqwest::Body::wrap_stream(stream)).await;
    problem(chunked, StatusCode::PAYLOAD_TOO_LARGE).await;
    let typed =
        door.request(Method::POST, "/v1/specs").header("content-type", "text/html").body("x").send().await.unwrap();
    problem(typed, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    let reserved = door.request(Method::POST, "/v1/specs").header("ce-source", "urn:reweave:message").body("{}");
    problem(reserved.send().await.unwrap(), StatusCode::BAD_REQUEST).await;
    assert!(world.broker.connect_and_read(Topic::Specs).await.is_empty(), "nothing reached the bus");
}

#[tokio::test]
async fn a_slow_client_is_answered_when_its_time_is_over() {
    let door = Door::open(&World::new(), &["gateway.http.request_timeout_ms=200"]).await;
    let answer = async |request: &'static [u8]| {
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it ends").unwrap();
        String::from_utf8(answer).unwrap()
    };
    let body = answer(b"POST /v1/specs HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{").await;
    assert!(body.starts_with("HTTP/1.1 408"), "{body}");
    // A client that never ends the head of its request is cut off.
    assert_eq!(answer(b"GET /healthz HTT").await, "");
}

#[tokio::test]
async fn without_a_token_nothing_of_v1_is_answered() {
    let world = World::new();
    let tokens = world.folder.path().join("tokens");
    std::fs::write(&tokens, "secret\n").unwrap();
    let door = Door::open(&world, &[&format!("gateway.http.tokens_file={}", tokens.display())]).await;
    for (method, path) in [(Method::POST, "/v1/specs"), (Method::GET, "/v1/specs/x"), (Method::GET, "/v1/patches/x")] {
        for token in [None, Some("Bearer wrong"), Some("Basic secret"), Some("secret")] {
            let mut request = door.request(method.clone(), path);
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let response = request.send().await.unwrap();
            assert_eq!(header(&response, "www-authenticate"), "Bearer realm=\"reweave\"");
            problem(response, StatusCode::UNAUTHORIZED).await;
        }
        let known = door.request(method, path).header("authorization", "Bearer secret").send().await.unwrap();
        assert_ne!(known.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(door.get("/healthz").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn more_than_the_rate_or_the_number_is_turned_away() {
    let door = Door::open(&World::new(), &["gateway.http.rate_per_second=1", "gateway.http.rate_burst=2"]).await;
    let unknown = format!("/v1/specs/{}", "0".repeat(64));
    let mut turned_away = 0;
    for _ in 0..6 {
        let response = door.get(&unknown).await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(header(&response, "retry-after"), "1");
            turned_away += 1;
        }
    }
    assert!((1..=4).contains(&turned_away), "{turned_away} turned away");
    let world = World::new();
    let door = Door::open(&world, &["gateway.http.streams_max=1"]).await;
    let location = header(&door.submit("1", spec("1", "wait", 0)).await, "location");
    let follow = || door.request(Method::GET, &location).header("accept", "text/event-stream").send();
    let _first = follow().await.unwrap();
    let second = problem(follow().await.unwrap(), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(second["code"], "service.resource_exhausted");
    world.synthesis.go(1);
}

#[tokio::test]
async fn only_so_many_requests_go_at_a_time() {
    let door = Door::open(&World::new(), &["gateway.http.requests_max=1"]).await;
    let mut hanging = TcpStream::connect(door.address).await.unwrap();
    hanging.write_all(b"POST /v1/specs HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
    let path = format!("/v1/specs/{}", "0".repeat(64));
    let turned_away = until(async || {
        Some(door.get(&path).await).filter(|response| response.status() == StatusCode::SERVICE_UNAVAILABLE)
    })
    .await;
    assert_eq!(problem(turned_away, StatusCode::SERVICE_UNAVAILABLE).await["code"], "service.resource_exhausted");
}

#[tokio::test]
async fn readiness_names_the_part_that_is_missing() {
    let world = World::new();
    let door = Door::open(&world, &[]).await;
    let ready = door.get("/readyz").await;
    assert_eq!(ready.status(), StatusCode::OK);
    assert_eq!(json(ready).await, serde_json::json!({"bus": "ok", "ledger": "ok", "synthesis": "ok"}));
    door.close().await;
    let options = Options {
        bus: Some(Arc::new(world.broker.connect())),
        synthesis: Some(tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy()),
        ledger: Some(Arc::new(support::open(world.folder.path()).await)),
        ..Options::new(config(&["gateway.http.listen=127.0.0.1:0"]))
    };
    let gateway = options.build().await.unwrap();
    let url = format!("http://{}/readyz", gateway.http_address().unwrap());
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(gateway.run(shutdown.clone()));
    let unready = reqwest::get(&url).await.unwrap();
    assert_eq!(unready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_ne!(json(unready).await["synthesis"], "ok");
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn every_described_method_is_there_and_no_other() {
    let door = Door::open(&World::new(), &["gateway.http.request_timeout_ms=2000"]).await;
    let document = json(door.get("/openapi.json").await).await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let described = methods.get(method.as_str().to_lowercase()).is_some();
            let response = door.request(method.clone(), &path.replace("{id}", "x")).send().await.unwrap();
            let there = response.status() != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(there, described, "{method} {path}");
        }
    }
    assert!(door.get("/metrics").await.status().is_success());
}

#[tokio::test]
async fn a_draining_gateway_takes_no_new_spec_and_still_answers() {
    let world = World::new();
    let door = Door::open(&world, &[]).await;
    let location = header(&door.submit("1", spec("1", "wait", 0)).await, "location");
    until(async || (world.synthesis.started().len() == 1).then_some(())).await;
    door.shutdown.cancel();
    let refused = until(async || {
        Some(door.submit("2", spec("2", "answer", 0)).await)
            .filter(|response| response.status() != StatusCode::ACCEPTED)
    })
    .await;
    assert_eq!(problem(refused, StatusCode::SERVICE_UNAVAILABLE).await["code"], "service.unavailable");
    assert_eq!(door.get("/readyz").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(json(door.get(&location).await).await["state"], "working");
    world.synthesis.go(9);
    tokio::time::timeout(Duration::from_secs(20), door.running).await.expect("the drain ends").unwrap().unwrap();
}
