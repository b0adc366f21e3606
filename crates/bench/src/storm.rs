//! Many linked sessions that lose their connections at the same moment: how long until the last is back, and how densely
//! they dial. The simulated network has no connect limit; `pace` measures the one of the network `whatsapp`.

use crate::figure::{Figure, percentile};
use crate::fleet::all_online;
use crate::say;
use anyhow::{Context, Result, ensure};
use enlace_gateway::client::{Api, EventStream, Phones};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const ALL_WITHIN: Duration = Duration::from_mins(5);
const SECONDS_A_DAY: f64 = 86_400.0;

/// Cuts every connection of a network on which `sessions` are online, all of one gateway.
pub(crate) async fn measure(api: &Api, phones: &Phones, sessions: usize) -> Result<Vec<Figure>> {
    if sessions == 0 {
        return Ok(Vec::new());
    }
    let stream = api.events("/v1/events?types=session.state", None).await?;
    let began = Instant::now();
    let order = phones.api().post("/faults", &json!({ "kind": "cut" })).await?.expect_status(201)?.json()?;
    ensure!(order["struck"] == json!(sessions), "{sessions} sessions were online, and cut were {order}");
    let mut back = timeout(ALL_WITHIN, come_back(stream, began, sessions))
        .await
        .context("a session did not come back in time")??;
    all_online(api, sessions).await?;
    let connections = phones.api().get("/connections").await?.expect_status(200)?.json()?;
    let dials = dials(&connections)?;
    let densest = most_in_a_second(&dials);
    let (middle, last) = (percentile(&mut back, 0.5), percentile(&mut back, 1.0));
    say(&format!("  {sessions} sessions: all back in {last:.2} s, at most {densest} dials in one second"));
    let note = "the gateway waits 1 s, a fifth left to chance, before it dials again; no connect limit on a simulator";
    Ok(vec![
        Figure::told(format!("{sessions} connections cut at once → online again, p50"), middle, "s"),
        Figure::told(format!("{sessions} connections cut at once → the last is online"), last, "s")
            .because(note),
        Figure::told("most dials in any one second of it", count(densest), "dials")
            .because("from the network's list of connections"),
    ])
}

/// Seconds until each session was online again.
async fn come_back(mut stream: EventStream, began: Instant, sessions: usize) -> Result<Vec<f64>> {
    let mut back = HashMap::new();
    while back.len() < sessions {
        let event = stream.next().await?.context("the event stream ended")?;
        if event.state() == Some("online") {
            back.entry(event.session().to_owned()).or_insert_with(|| began.elapsed().as_secs_f64());
        }
    }
    Ok(back.into_values().collect())
}

/// When the connections that stand were opened, in seconds.
fn dials(connections: &Value) -> Result<Vec<f64>> {
    let list = connections.as_array().context("the connections are no list")?;
    let mut dials = list.iter().map(|one| time_of_day(&one["since"])).collect::<Option<Vec<_>>>();
    let dials = dials.as_mut().context("a connection without a time")?;
    let last = dials.iter().copied().fold(0.0, f64::max);
    for dial in dials.iter_mut().filter(|dial| last - **dial > SECONDS_A_DAY / 2.0) {
        // Midnight came between them.
        *dial += SECONDS_A_DAY;
    }
    Ok(std::mem::take(dials))
}

/// Seconds since midnight of an RFC 3339 time.
fn time_of_day(time: &Value) -> Option<f64> {
    let (_, time) = time.as_str()?.split_once('T')?;
    let parts: Vec<f64> =
        time.trim_end_matches('Z').split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts[..] else { return None };
    Some((hours * 60.0 + minutes) * 60.0 + seconds)
}

/// The most moments, in seconds, that lie within one second of each other.
pub(crate) fn most_in_a_second(moments: &[f64]) -> usize {
    let mut moments = moments.to_vec();
    moments.sort_by(f64::total_cmp);
    let from = |first: usize| moments[first..].iter().take_while(|at| **at - moments[first] < 1.0).count();
    (0..moments.len()).map(from).max().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
pub(crate) fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_densest_second_is_found_wherever_it_begins() {
        assert_eq!(most_in_a_second(&[]), 0);
        assert_eq!(most_in_a_second(&[5.0, 0.0, 0.9, 1.0, 1.5, 1.8]), 4);
    }

    #[test]
    fn dials_around_midnight_are_close_together() {
        let at = |time: &str| json!({ "since": format!("2026-01-01T{time}Z") });
        let dials = dials(&json!([at("23:59:59.500"), at("00:00:00.250")])).unwrap();
        assert!((dials[1] - dials[0] - 0.75).abs() < 1e-6, "{dials:?}");
        assert!(super::dials(&json!([{ "since": "yesterday" }])).is_err());
    }
}
