mod text_lines;
use model::*;
fn cpu() -> u64 {
    std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(' ').next().unwrap().parse().unwrap()
}
#[test]
fn dump() {
    let agency = AgencyId::home();
    let head = formats::Head {
        id: EventId::default(),
        agency: &agency,
        received: Timestamp::parse("2026-03-01T12:00:00Z").unwrap(),
    };
    let mut out = String::new();
    for line in text_lines::LINES {
        let fields = formats::text::fields(line.format, line.line.as_bytes()).unwrap();
        out += &formats::text::event(&fields, &head).0.to_json();
        out.push('\n');
    }
    std::fs::write("/tmp/text_events.jsonl", out).unwrap();
    println!("size {}", std::mem::size_of::<Event>());
    for _ in 0..3 { let t = cpu(); for _ in 0..20000 { std::hint::black_box(Event::new(head.id, agency.clone(), head.received, model::ocsf::Class::BASE, 0)); } println!("blank event {} ns", (cpu() - t) / 20000); }
    let mut rows = vec![];
    for line in text_lines::LINES {
        let n = 5000;
        let t = cpu();
        for _ in 0..n {
            std::hint::black_box(
                formats::text::fields(line.format, std::hint::black_box(line.line.as_bytes())).unwrap(),
            );
        }
        let f = (cpu() - t) / n;
        let t = cpu();
        for _ in 0..n {
            let fields = formats::text::fields(line.format, line.line.as_bytes()).unwrap();
            std::hint::black_box(formats::text::event(&fields, &head));
        }
        let e = (cpu() - t) / n;
        rows.push((e, f, &line.line[..line.line.len().min(90)]));
    }
    rows.sort();
    for (e, f, l) in rows {
        println!("{e} ns both, {f} ns fields: {l}");
    }
}
