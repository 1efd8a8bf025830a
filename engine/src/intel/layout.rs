//! A brief as text: Markdown, and a page that can be printed or sent.

use intel::brief::{Brief, Part, Sentence, Topic};

/// What a section is called.
pub fn heading(topic: Topic) -> &'static str {
    match topic {
        Topic::Trends => "What changed",
        Topic::Techniques => "What was used against us and our peers",
        Topic::Actors => "Who it may be",
        Topic::Measures => "What it calls for",
        Topic::Sources => "Whose warnings were worth it",
    }
}

/// The brief as Markdown. Numbers link to their evidence below `base`, for example `https://watch.example.org`.
pub fn markdown(brief: &Brief, base: &str) -> String {
    let mut text = format!("# Threat brief {}\n", brief.month);
    for section in &brief.sections {
        text.push_str(&format!("\n## {}\n\n", heading(section.topic)));
        for sentence in &section.sentences {
            text.push_str("- ");
            for part in &sentence.parts {
                match part {
                    Part::Words { text: words } => text.push_str(&plain(words)),
                    Part::Number(number) => text.push_str(&format!("[{}]({base}{})", number.value, number.evidence)),
                }
            }
            text.push('\n');
        }
        if section.left_out > 0 {
            text.push_str(&format!("- and {} more\n", section.left_out));
        }
    }
    text
}

/// Words in which Markdown sees no signs: names come from outside.
fn plain(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for c in words.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '~') {
            text.push('\\');
        }
        text.push(if c.is_control() { ' ' } else { c });
    }
    text
}

/// The brief as a page of its own, without scripts or anything from elsewhere.
pub fn html(brief: &Brief, base: &str) -> String {
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Threat brief {month}</title>\n\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}}\
         h1{{font-size:1.6rem}}h2{{font-size:1.1rem;margin-top:2rem}}</style>\n</head>\n<body>\n<h1>Threat brief {month}</h1>\n",
        month = escaped(&brief.month),
    );
    for section in &brief.sections {
        text.push_str(&format!("<h2>{}</h2>\n<ul>\n", heading(section.topic)));
        for sentence in &section.sentences {
            text.push_str(&format!("<li>{}</li>\n", sentence_html(sentence, base)));
        }
        if section.left_out > 0 {
            text.push_str(&format!("<li>and {} more</li>\n", section.left_out));
        }
        text.push_str("</ul>\n");
    }
    text.push_str("</body>\n</html>\n");
    text
}

fn sentence_html(sentence: &Sentence, base: &str) -> String {
    let part = |part: &Part| match part {
        Part::Words { text } => escaped(text),
        Part::Number(number) => {
            format!("<a href=\"{}{}\">{}</a>", escaped(base), escaped(&number.evidence), number.value)
        }
    };
    sentence.parts.iter().map(part).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use intel::brief::{ActorSeen, Figures, Measures, Number, Trend, brief};

    use super::*;

    fn figures(name: &str) -> Brief {
        let number = |value| Number { value, evidence: "/intel/month?month=2026-11&what=all".to_owned() };
        let figures = Figures {
            month: "2026-11".to_owned(),
            trends: vec![Trend {
                what: "findings".into(),
                one: "finding".into(),
                now: number(30),
                before: Some(number(20)),
            }],
            actors: vec![ActorSeen { name: name.to_owned(), said: "fits".into(), observations: number(7) }],
            ..Figures::default()
        };
        brief(&figures, &Measures::default())
    }

    #[test]
    fn numbers_lead_to_their_evidence() {
        let text = markdown(&figures("APT29"), "https://watch.example");
        let link = "(https://watch.example/intel/month?month=2026-11&what=all)";
        let expected = format!("- [30]{link} findings, after [20]{link} in the month before: up by 50 %.");
        assert!(text.contains(&expected), "{text}");
        assert!(text.contains("## Who it may be\n\n- APT29: fits, from [7]"), "{text}");
        let page = html(&figures("APT29"), "");
        let link = "<a href=\"/intel/month?month=2026-11&amp;what=all\">30</a> findings";
        assert!(page.contains(link), "{page}");
    }

    #[test]
    fn names_from_outside_are_only_words() {
        let hostile = figures("<script>alert(1)</script> [x](javascript:1) *b*\n# h");
        assert!(!html(&hostile, "").contains("<script>"));
        let text = markdown(&hostile, "");
        assert!(text.contains(r"\<script\>alert(1)\</script\> \[x\](javascript:1) \*b\* \# h"), "{text}");
    }
}
