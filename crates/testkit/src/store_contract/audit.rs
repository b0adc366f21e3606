//! The audit log: appended, listed, dropped by age.

use super::{StoreFactory, Subject, noon, session_id};
use chrono::TimeDelta;
use enlace_domain::audit::{
    AUDIT_KEEP_DAYS, AUDIT_KEEP_WITNESSES, AuditAction, AuditFilter, AuditRecord, Who,
};
use enlace_domain::clock::{Clock, Timestamp};
use enlace_domain::id::KeyId;
use enlace_domain::page::PageRequest;
use enlace_domain::port::{Change, StoreError};
use serde_json::json;

fn record(by: &str, at: Timestamp, action: AuditAction) -> AuditRecord {
    let who = Who { key: Some(KeyId::from_text(by)), from: Some([203, 0, 113, 7].into()) };
    AuditRecord::new(&who, at, action)
}

async fn keep<F: StoreFactory>(subject: &Subject<F>, record: &AuditRecord) {
    subject.must(Change::Audit(Box::new(record.clone()))).await;
}

async fn listed<F: StoreFactory>(subject: &Subject<F>, filter: &AuditFilter) -> Vec<AuditRecord> {
    subject.store.audit(filter, &PageRequest::default()).await.expect("a page").items
}

/// Every field, also after a restart.
pub async fn a_record_comes_back_as_it_was_stored(factory: impl StoreFactory) {
    let mut subject = Subject::new(factory).await;
    let full = record("key_1", noon(), AuditAction::LinkForced)
        .session(&session_id("ana"))
        .target(&KeyId::from_text("key_2"))
        .data(json!({"method": "qr", "text": "ä \"☎\""}));
    let bare = AuditRecord::new(&Who::default(), noon(), AuditAction::KeyRefusedOften);
    keep(&subject, &full).await;
    keep(&subject, &bare).await;
    subject.reopen().await;
    assert_eq!(listed(&subject, &AuditFilter::default()).await, [bare, full]);
}

/// What was stored last comes first, also of one moment; nothing twice, nothing left out.
pub async fn records_are_listed_newest_first_in_pages(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    for n in 0..5 {
        keep(&subject, &record(&format!("key_{n}"), noon(), AuditAction::KeyChanged)).await;
    }
    let (filter, mut page) = (AuditFilter::default(), PageRequest { size: 2, token: None });
    let mut keys = Vec::new();
    loop {
        let found = subject.store.audit(&filter, &page).await.expect("a page");
        keys.extend(found.items.iter().map(|record| record.key.as_ref().expect("a key").to_string()));
        page.token = found.next_page_token;
        if page.token.is_none() {
            break;
        }
        let other = AuditFilter { actions: vec![AuditAction::KeyChanged], ..AuditFilter::default() };
        let foreign = subject.store.audit(&other, &page).await;
        assert!(matches!(foreign, Err(StoreError::InvalidPageToken)));
    }
    assert_eq!(keys, ["key_4", "key_3", "key_2", "key_1", "key_0"]);
}

/// By action, key (doer or target), session and time.
pub async fn records_are_filtered(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let (ana, at) = (session_id("ana"), |seconds| noon() + TimeDelta::seconds(seconds));
    let asked = record("key_1", at(0), AuditAction::LinkAsked).session(&ana);
    let out = record("key_2", at(10), AuditAction::SessionLoggedOut).session(&session_id("bruno"));
    let revoked = record("key_1", at(20), AuditAction::KeyRevoked).target(&KeyId::from_text("key_2"));
    for one in [&asked, &out, &revoked] {
        keep(&subject, one).await;
    }
    let all = AuditFilter::default;
    let key = |id: &str| Some(KeyId::from_text(id));
    let actions = vec![AuditAction::LinkAsked, AuditAction::KeyRevoked];
    for (filter, expected) in [
        (AuditFilter { actions, ..all() }, vec![&revoked, &asked]),
        (AuditFilter { key: key("key_2"), ..all() }, vec![&revoked, &out]),
        (AuditFilter { key: key("key_3"), ..all() }, vec![]),
        (AuditFilter { session: Some(ana), ..all() }, vec![&asked]),
        (AuditFilter { since: Some(at(10)), ..all() }, vec![&revoked, &out]),
        (AuditFilter { until: Some(at(10)), ..all() }, vec![&asked]),
    ] {
        let found = listed(&subject, &filter).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

/// Records drop what is older than the log keeps.
pub async fn old_records_are_dropped(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    keep(&subject, &record("key_old", noon(), AuditAction::KeyCreated)).await;
    subject.clock.advance(TimeDelta::days(AUDIT_KEEP_DAYS));
    keep_some(&subject, "key_edge").await;
    let all = listed(&subject, &AuditFilter::default()).await.len() as u64;
    assert_eq!(all, AUDIT_KEEP_WITNESSES + 1, "the last day still counts");
    subject.clock.advance(TimeDelta::seconds(1));
    keep_some(&subject, "key_new").await;
    assert_eq!(of_key(&subject, "key_old").await, 0);
    assert_eq!(of_key(&subject, "key_edge").await as u64, AUDIT_KEEP_WITNESSES);
}

/// A clock that is wrong for a moment drops nothing: some records must agree first.
pub async fn a_wrong_clock_does_not_empty_the_audit_log(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    keep_some(&subject, "key_before").await;
    subject.clock.advance(TimeDelta::days(3650));
    for _ in 1..AUDIT_KEEP_WITNESSES {
        keep(&subject, &record("key_wrong", subject.clock.now(), AuditAction::KeyChanged)).await;
    }
    subject.clock.advance(TimeDelta::days(-3650));
    keep(&subject, &record("key_after", subject.clock.now(), AuditAction::KeyChanged)).await;
    assert_eq!(of_key(&subject, "key_before").await as u64, AUDIT_KEEP_WITNESSES);
}

/// As many records as must agree about the time, of this moment.
async fn keep_some<F: StoreFactory>(subject: &Subject<F>, by: &str) {
    for _ in 0..AUDIT_KEEP_WITNESSES {
        keep(subject, &record(by, subject.clock.now(), AuditAction::KeyCreated)).await;
    }
}

async fn of_key<F: StoreFactory>(subject: &Subject<F>, key: &str) -> usize {
    let filter = AuditFilter { key: Some(KeyId::from_text(key)), ..AuditFilter::default() };
    listed(subject, &filter).await.len()
}
