use super::support::{ADMIN, Answer, Api, PAYLOAD};
use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use enlace_web::qr::{Frame, Matrix, png, svg, terminal};

/// Decodes with a decoder that is not ours.
fn decode(width: usize, dark: impl Fn(usize, usize) -> bool) -> String {
    let mut picture =
        rqrr::PreparedImage::prepare_from_greyscale(width, width, |x, y| if dark(x, y) { 0 } else { 255 });
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}

fn pixels(file: &[u8]) -> (usize, Vec<u8>) {
    let mut decoder = ::png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(::png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.color_type), (info.height, ::png::ColorType::Grayscale));
    (info.width as usize, pixels)
}

fn decode_png(file: &[u8]) -> String {
    let (width, pixels) = pixels(file);
    decode(width, |x, y| pixels[y * width + x] < 128)
}

/// Draws the path of runs that the SVG is made of, eight pixels a unit.
fn decode_svg(text: &str) -> String {
    let between =
        |from: &str, to: &str| text.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let edge: usize = between("viewBox=\"0 0 ", " ").parse().unwrap();
    let mut dark = vec![false; edge * edge];
    for run in between("d=\"", "\"").split('z').filter(|run| !run.is_empty()) {
        let (at, run) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
        let (x, y) = at.split_once(' ').unwrap();
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        let length: usize = run.split_once('v').unwrap().0.parse().unwrap();
        dark[y * edge + x..y * edge + x + length].fill(true);
    }
    decode(edge * 8, |x, y| dark[(y / 8) * edge + x / 8])
}

/// Reads half blocks back, eight pixels a module.
fn decode_terminal(text: &str) -> String {
    let lines = text.lines().filter(|line| line.contains("[0m"));
    let rows: Vec<Vec<(bool, bool)>> = lines
        .map(|line| {
            let cells = line.split_once("231m").unwrap().1.split('\u{1b}').next().unwrap();
            cells.chars().map(|c| (matches!(c, '█' | '▀'), matches!(c, '█' | '▄'))).collect()
        })
        .collect();
    let width = rows[0].len();
    decode(width * 8, |x, y| {
        let (row, column) = (y / 8, x / 8);
        let (upper, lower) = rows[row / 2][column];
        if row % 2 == 0 { upper } else { lower }
    })
}

async fn qr(api: &Api, query: &str) -> Answer {
    let answer = api.get(&format!("/v1/sessions/ana/qr{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("enlace-qr-seq"), "1");
    assert_eq!(answer.header("enlace-network"), "simulator");
    assert!(answer.header("enlace-qr-expires-at").ends_with('Z'));
    answer
}

#[tokio::test]
async fn every_form_holds_exactly_the_payload() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    let text = qr(&api, "?format=text").await;
    assert_eq!(text.text(), PAYLOAD);
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    let svg = qr(&api, "?format=svg").await;
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert_eq!(decode_svg(svg.text()), PAYLOAD);
    let png = qr(&api, "?format=png").await;
    assert_eq!(png.header("content-type"), "image/png");
    assert_eq!(decode_png(&png.body), PAYLOAD);
    let terminal = qr(&api, "?format=terminal").await;
    assert_eq!(decode_terminal(terminal.text()), PAYLOAD);
    assert!(terminal.text().contains("simulated"));
    let base64 = qr(&api, "?format=base64").await.json();
    assert_eq!(decode_png(&STANDARD.decode(base64["data"].as_str().unwrap()).unwrap()), PAYLOAD);
    let data_uri = qr(&api, "?format=data_uri").await.json();
    let bare = data_uri["data"].as_str().unwrap().strip_prefix("data:image/png;base64,").unwrap();
    assert_eq!(decode_png(&STANDARD.decode(bare).unwrap()), PAYLOAD);
    let uri = qr(&api, "?format=uri").await.json();
    assert_eq!(uri["data"], format!("https://wa.me/settings/linked_devices#{PAYLOAD}"));
}

/// Fails when somebody can be shown a simulated QR that does not say that it is one.
#[tokio::test]
async fn every_form_of_a_simulated_qr_says_that_it_is_simulated() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    for format in ["svg", "png", "text", "terminal", "json", "base64", "data_uri", "uri"] {
        let answer = qr(&api, &format!("?format={format}")).await;
        assert_eq!(answer.header("enlace-network"), "simulator", "{format}");
        match answer.header("content-type") {
            "application/json" => assert_eq!(answer.json()["network"], "simulator", "{format}"),
            "image/svg+xml" => assert!(answer.text().contains("<title>QR of a simulated network</title>")),
            // No room for words: the raw payload, and pixels of nothing else.
            _ => assert!(format != "terminal" || answer.text().contains("simulated network: only")),
        }
    }
    let link = api.post("/v1/sessions/ana/link", &serde_json::json!({"phone": "999100000001"})).await;
    assert_eq!(link.header("enlace-network"), "simulator");
    assert_eq!(link.json()["qr"]["network"], "simulator");
}

#[tokio::test]
async fn the_json_form_has_text_link_and_picture_of_one_seq() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    let answer = qr(&api, "?format=json").await.json();
    assert_eq!(answer["session"], "ana");
    assert_eq!(answer["network"], "simulator");
    assert_eq!(answer["format"], "json");
    assert_eq!(answer["seq"], 1);
    assert_eq!(answer["data"], PAYLOAD);
    assert_eq!(answer["qr"], PAYLOAD);
    assert_eq!(answer["uri"], format!("https://wa.me/settings/linked_devices#{PAYLOAD}"));
    let image = answer["image"].as_str().unwrap().strip_prefix("data:image/png;base64,").unwrap();
    assert_eq!(decode_png(&STANDARD.decode(image).unwrap()), PAYLOAD);
    let refresh_in = answer["refresh_in"].as_u64().unwrap();
    assert!((1..=60).contains(&refresh_in), "{refresh_in}");
    assert!(answer["issued_at"].as_str().unwrap() < answer["expires_at"].as_str().unwrap());
}

#[tokio::test]
async fn accept_chooses_the_form_and_the_parameter_beats_it() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    for (accept, query, expected) in [
        ("image/svg+xml", "", "image/svg+xml"),
        ("image/png", "", "image/png"),
        ("application/json", "", "application/json"),
        ("text/plain", "", "text/plain; charset=utf-8"),
        ("application/pdf", "", "image/svg+xml"),
        ("*/*", "", "image/svg+xml"),
        ("application/*", "", "application/json"),
        ("text/*", "", "text/plain; charset=utf-8"),
        ("text/*;q=0.5, application/*;q=0.6", "", "application/json"),
        ("application/*;q=0, video/*", "", "image/svg+xml"),
        ("image/png", "?format=uri", "application/json"),
    ] {
        let request = Request::get(format!("/v1/sessions/ana/qr{query}"))
            .header("x-api-key", ADMIN)
            .header("accept", accept);
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("content-type"), expected, "{accept} {query}");
    }
    assert_eq!(qr(&api, "").await.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn a_qr_is_had_only_with_get_and_a_head_begins_no_link() {
    let api = Api::new().await;
    api.create("ana").await;
    for method in [Method::HEAD, Method::POST, Method::DELETE] {
        let answer = api.call(method.clone(), "/v1/sessions/ana/qr?wait=0", ADMIN).await;
        assert_eq!(answer.status, 405, "{method}: {answer:?}");
        assert_eq!(answer.header("allow"), "GET", "{method}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    assert_eq!(api.get("/v1/sessions/ana").await.json()["state"]["name"], "unlinked");
    assert!(!api.network.has_unseen_connection().await, "a HEAD must not begin a link");
}

#[tokio::test]
async fn an_unknown_form_is_refused_with_the_list_of_forms() {
    let api = Api::new().await;
    api.create("ana").await;
    let problem = api.get("/v1/sessions/ana/qr?format=gif").await.assert_problem(406, "unknown-format");
    assert_eq!(
        problem["formats"],
        serde_json::json!(["svg", "png", "json", "base64", "data_uri", "uri", "text", "terminal"])
    );
    assert!(!api.network.has_unseen_connection().await, "bad input must not begin a link");
}

#[tokio::test]
async fn size_margin_and_wait_out_of_range_are_named() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    for (query, field) in [
        ("wait=61", "wait"),
        ("wait=-1", "wait"),
        ("wait=soon", "wait"),
        ("size=63", "size"),
        ("size=2049", "size"),
        ("size=1e3", "size"),
        ("margin=33", "margin"),
        ("margin=-1", "margin"),
        ("format=png&size=64&margin=32", "size"),
    ] {
        api.get(&format!("/v1/sessions/ana/qr?{query}")).await.assert_invalid(field);
    }
}

#[tokio::test]
async fn pictures_have_the_size_and_at_least_the_margin_asked_for() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    for (size, margin) in [(128, 4), (333, 0), (2048, 32)] {
        let file = qr(&api, &format!("?format=png&size={size}&margin={margin}")).await.body;
        let (width, pixels) = pixels(&file);
        assert_eq!(width, size);
        let border = pixels.iter().position(|pixel| *pixel < 128).unwrap() / width;
        assert!(border >= margin, "{border}");
        if margin >= 4 {
            assert_eq!(decode_png(&file), PAYLOAD);
        }
        let picture = qr(&api, &format!("?format=svg&size={size}&margin={margin}")).await;
        assert!(picture.text().contains(&format!("width=\"{size}\" height=\"{size}\"")));
    }
}

#[test]
fn payloads_of_every_length_survive_drawing() {
    for length in [1, 17, 100, 237, 400, 1_000, 2_000] {
        let payload: String = ('!'..='~').cycle().take(length).collect();
        let matrix = Matrix::encode(&payload).unwrap();
        let frame = Frame::new(2_048, 4).unwrap();
        assert_eq!(decode_png(&png(&matrix, frame).unwrap()), payload);
        assert_eq!(decode_svg(&svg(&matrix, frame, "<&>")), payload);
        assert_eq!(decode_terminal(&terminal(&matrix, frame)), payload);
    }
    assert!(Matrix::encode(&"x".repeat(2_954)).is_err());
}
