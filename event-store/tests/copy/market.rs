//! A log with something in it: streams of text and UUID ids, commands of one and several events, all mixed up.

use agrodeep_event_store::{
    Append, AppendOutcome, SharedLog, StreamId,
    conformance::{event, some_events},
};
use futures::future::join_all;

/// Appends `commands` commands of 1 to 4 events on some 50 streams, 16 under way at a time.
pub async fn market(log: &SharedLog, commands: usize) {
    let batch = uuid::Uuid::now_v7();
    let writers = (0..16_usize).map(|writer| async move {
        let streams = [
            StreamId::new("order", uuid::Uuid::now_v7()),
            StreamId::new("stock", format!("{batch}/{writer}").as_str()),
            StreamId::new("Große_Art", format!("with - and \"quotes\" {batch} {writer}").as_str()),
        ];
        let mut versions = [0; 3];
        for index in (writer..commands).step_by(16) {
            let which = index / 16 % 3;
            let mut append: Append = some_events(&streams[which], versions[which], 1 + index % 4);
            append.events[0] =
                event(&format!("{{ \"Grüße\": \"\\u00e9 {}\",\n \"n\":1.50}}", "x".repeat(index % 700)));
            append.metadata.traceparent = None;
            let Ok(AppendOutcome::Appended(appended)) = log.append(append).await else {
                panic!("not appended")
            };
            versions[which] = appended.version;
        }
    });
    join_all(writers).await;
}
