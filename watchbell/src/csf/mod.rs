//! `watchbell csf`: the self-assessment by the Cybersecurity Framework, and the anonymous comparison.

mod show;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use engine::office::csf::{
    Answer, AnswersForm, Assessment, CsfView, Epsilon, Evidence, EvidenceSource, GiftAsked, QuestionSet, SizeClass,
    Terms, Useful, write_table,
};
use model::{Day, limits};

use crate::cli::{AnswerArgs, AnswersAs, BenchmarkArgs, CsfArgs, CsfCommand, YearArgs};
use crate::exit::Exit;
use crate::intel::{Opened, open, say};
use crate::node;
use crate::words::counted;

pub(crate) fn run(arguments: &CsfArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        match &arguments.command {
            CsfCommand::Questions { load, whose, json } => questions(&open(whose).await?, load.as_deref(), *json).await,
            CsfCommand::Answer(arguments) => answer(&open(&arguments.of.whose).await?, arguments).await,
            CsfCommand::Tier { tier, target, of } => set_tier(&open(&of.whose).await?, of, (*tier, *target)).await,
            CsfCommand::Import { file, dry_run, of, json } => {
                import(&open(&of.whose).await?, (of, file), *dry_run, *json).await
            }
            CsfCommand::Export { format, of } => export(&open(&of.whose).await?, of, *format).await,
            CsfCommand::Show { of, rows, json } => {
                show::posture(&view(&open(&of.whose).await?, of).await?, *rows, *json)
            }
            CsfCommand::Trend { whose, json } => {
                let opened = open(whose).await?;
                let view = opened.office.csf_posture(&opened.ctx, None).await.context("cannot compare the years")?;
                show::trend(&view, *json)
            }
            CsfCommand::Gift { of, epsilon, size } => gift(&open(&of.whose).await?, of, (*epsilon, *size)).await,
            CsfCommand::Benchmark(arguments) => benchmark(&open(&arguments.of.whose).await?, arguments).await,
        }
    })
}

async fn view(opened: &Opened, of: &YearArgs) -> Result<CsfView> {
    opened.office.csf_posture(&opened.ctx, of.year).await.context("cannot read the self-assessment")
}

/// The year that is asked for, else the latest that is answered, else this one.
async fn year(opened: &Opened, of: &YearArgs) -> Result<i16> {
    match of.year {
        Some(year) => Ok(year),
        None => Ok(view(opened, of).await?.assessment.year),
    }
}

/// A file, or what comes in at `-`, up to a limit.
fn bytes_of(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?),
    };
    reader.take(most as u64 + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(bytes.len() <= most, "{} has more than {most} bytes", path.display());
    Ok(bytes)
}

async fn done(opened: &Opened, words: &str) -> Result<Exit> {
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("{words}");
    Ok(Exit::Ok)
}

async fn questions(opened: &Opened, load: Option<&Path>, is_json: bool) -> Result<Exit> {
    let asked = match load {
        Some(path) => {
            let bytes = bytes_of(path, limits::CSF_BYTES_MAX)?;
            let kept =
                opened.office.keep_csf_questions(&opened.ctx, &bytes).await.context("cannot take the questions")?;
            node::sign(&opened.config, &opened.state).await?;
            eprintln!(
                "asked from now on: {}, {}",
                kept.set.version,
                counted(kept.set.questions().len() as u64, "question")
            );
            return Ok(Exit::Ok);
        }
        None => opened.office.csf_questions(&opened.ctx).await.context("cannot read the questions")?,
    };
    match is_json {
        true => std::io::stdout().lock().write_all(&[asked.set.written()?, b"\n".to_vec()].concat())?,
        false => show::questions(&asked.set)?,
    }
    Ok(Exit::Ok)
}

async fn answer(opened: &Opened, arguments: &AnswerArgs) -> Result<Exit> {
    let view = view(opened, &arguments.of).await?;
    let year = view.assessment.year;
    let question = &arguments.question;
    let nothing = Answer { question: question.clone(), ..Answer::default() };
    let mut said = view.assessment.answers.get(question).cloned().unwrap_or_else(|| nothing.clone());
    if arguments.clear {
        said = nothing;
    } else {
        ensure!(
            has_said(arguments),
            "say something; hint: --current N, --target N, --note TEXT, --evidence TEXT, --not-applicable REASON"
        );
        apply(arguments, &mut said);
        let today = Day::of(opened.ctx.now).context("the clock shows no day")?;
        let day = arguments.day.unwrap_or(today);
        let texts = arguments.evidence.iter().map(|text| EvidenceSource::Text { text: text.clone() });
        said.evidence.extend(texts.map(|source| Evidence { source, day }));
        if arguments.figures {
            let of_it = view.figures.iter().filter(|figure| figure.question == *question);
            said.evidence.extend(of_it.map(engine::office::csf::Figure::evidence));
        }
    }
    let seen = view.version.map_or(0, |version| version.number);
    opened.office.answer_csf(&opened.ctx, (year, Some(seen)), vec![said]).await.context("cannot take the answer")?;
    done(opened, &format!("answered for {year}: {question}")).await
}

fn has_said(arguments: &AnswerArgs) -> bool {
    let AnswerArgs { current, target, not_applicable, note, evidence, figures, .. } = arguments;
    let has_words = not_applicable.is_some() || note.is_some() || !evidence.is_empty();
    current.is_some() || target.is_some() || has_words || *figures
}

/// What is said goes over what was said; steps and "does not apply" shut each other out.
fn apply(arguments: &AnswerArgs, said: &mut Answer) {
    if arguments.not_applicable.is_some() {
        said.not_applicable.clone_from(&arguments.not_applicable);
        (said.current, said.target) = (None, None);
    }
    if arguments.current.is_some() || arguments.target.is_some() {
        said.not_applicable = None;
        said.current = arguments.current.or(said.current);
        said.target = arguments.target.or(said.target);
    }
    if let Some(note) = &arguments.note {
        said.note.clone_from(note);
    }
}

async fn set_tier(opened: &Opened, of: &YearArgs, (tier, target): (u8, Option<u8>)) -> Result<Exit> {
    let view = view(opened, of).await?;
    let year = view.assessment.year;
    let target = target.or(view.assessment.tier_target);
    let seen = view.version.map_or(0, |version| version.number);
    let set = opened.office.set_csf_tier(&opened.ctx, (year, Some(seen)), (Some(tier), target)).await;
    set.context("cannot set the tier")?;
    done(opened, &format!("tier of {year}: {tier}")).await
}

async fn import(opened: &Opened, (of, file): (&YearArgs, &Path), is_dry: bool, is_json: bool) -> Result<Exit> {
    let bytes = bytes_of(file, limits::CSF_BYTES_MAX)?;
    let form = match file.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => AnswersForm::Table,
        Some("json") => AnswersForm::Json,
        _ if bytes.trim_ascii_start().starts_with(b"{") => AnswersForm::Json,
        _ => AnswersForm::Table,
    };
    // A file that says its year needs no other word about it.
    let year = match (of.year, form) {
        (None, AnswersForm::Json) => {
            let file: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
            let said = file.and_then(|file| file.get("year")?.as_i64()).and_then(|year| i16::try_from(year).ok());
            said.context("the file says no year; hint: watchbell csf export shows the form")?
        }
        _ => year(opened, of).await?,
    };
    let taken =
        opened.office.import_csf(&opened.ctx, year, (form, &bytes), is_dry).await.context("cannot take the answers")?;
    node::sign(&opened.config, &opened.state).await?;
    let notes: Vec<String> = taken.notes.iter().map(ToString::to_string).collect();
    match is_json {
        true => say(&serde_json::json!({
            "year": year, "done": !is_dry, "changed": taken.changed, "gone": taken.gone, "refused": taken.notes,
        }))?,
        false => {
            let mut out = std::io::stdout().lock();
            for note in &notes {
                writeln!(out, "! {note}")?;
            }
            let mood = if is_dry { "would be " } else { "" };
            eprintln!(
                "answers of {year}: {} {mood}changed, {} {mood}gone, {} not taken",
                taken.changed,
                taken.gone,
                notes.len()
            );
        }
    }
    Ok(if notes.is_empty() { Exit::Ok } else { Exit::Failed })
}

async fn export(opened: &Opened, of: &YearArgs, form: AnswersAs) -> Result<Exit> {
    let view = view(opened, of).await?;
    let (assessment, questions): (&Assessment, &QuestionSet) = (&view.assessment, &view.questions.set);
    match form {
        AnswersAs::Json => say(assessment)?,
        AnswersAs::Csv => std::io::stdout().lock().write_all(write_table(assessment, questions).as_bytes())?,
    }
    Ok(Exit::Ok)
}

async fn gift(opened: &Opened, of: &YearArgs, (epsilon, size): (Epsilon, Option<SizeClass>)) -> Result<Exit> {
    let asked = GiftAsked { year: year(opened, of).await?, epsilon, size };
    let given = opened.office.csf_gift(&opened.ctx, &asked).await.context("cannot give")?;
    node::sign(&opened.config, &opened.state).await?;
    let (gift, terms) = (&given.gift, given.gift.terms());
    if given.is_again {
        let differs = gift.epsilon != epsilon || gift.size != size;
        let why =
            if differs { "; what is asked for now changes nothing, since a second draw would tell more" } else { "" };
        eprintln!("given before, and the same again{why}");
    }
    eprintln!("ε {} in all; on each function a noise of {:.1} steps (standard deviation)", gift.epsilon, terms.noise());
    say(gift)?;
    Ok(Exit::Ok)
}

async fn benchmark(opened: &Opened, arguments: &BenchmarkArgs) -> Result<Exit> {
    let BenchmarkArgs { gifts, result, epsilon, agencies_min, half_width, of, json } = arguments;
    let (office, ctx) = (&opened.office, &opened.ctx);
    let is_combined = result.is_none() && !gifts.is_empty();
    let comparison = if let Some(path) = result {
        let bytes = bytes_of(path, limits::CSF_BYTES_MAX)?;
        office.bring_csf_comparison(ctx, &bytes).await.context("cannot take the result")?
    } else if gifts.is_empty() {
        let year = year(opened, of).await?;
        match office.csf_comparison(ctx, year).await.context("cannot read the result")? {
            Some(comparison) => comparison,
            None => bail!("no comparison of {year} is kept; hint: watchbell csf benchmark GIFTS… --year {year}"),
        }
    } else {
        let view = view(opened, of).await?;
        let terms = Terms { year: view.assessment.year, level_max: view.questions.set.level_max(), epsilon: *epsilon };
        let useful = Useful { agencies_min: *agencies_min, half_width_max: *half_width };
        let files = read_all(gifts)?;
        office.combine_csf(ctx, &terms, useful, &files).await.context("cannot put the gifts together")?
    };
    node::sign(&opened.config, &opened.state).await?;
    match json {
        true => say(&comparison)?,
        false => show::comparison(&comparison)?,
    }
    // Whoever puts gifts together has to know that some do not count; whoever looks at it later sees so.
    Ok(if is_combined && !comparison.refused.is_empty() { Exit::Failed } else { Exit::Ok })
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    paths.iter().map(|path| bytes_of(path, limits::BENCHMARK_BYTES_MAX)).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn said(words: &[&str], before: Answer) -> Answer {
        let words = ["watchbell", "csf", "answer", "GV.OC-01"].iter().chain(words);
        let Command::Csf(CsfArgs { command: CsfCommand::Answer(arguments) }) = Cli::parse_from(words).command else {
            panic!("another command")
        };
        let mut said = before;
        apply(&arguments, &mut said);
        said
    }

    #[test]
    fn answers_go_over_what_was_said() {
        let first = said(&["--current", "2", "--target", "4", "--note", "n"], Answer::default());
        assert_eq!((first.current, first.target, first.note.as_str()), (Some(2), Some(4), "n"));
        let second = said(&["--current", "3"], first);
        assert_eq!((second.current, second.target, second.note.as_str()), (Some(3), Some(4), "n"));
        let none = said(&["--not-applicable", "we have none"], second);
        assert_eq!((none.current, none.target, none.not_applicable.as_deref()), (None, None, Some("we have none")));
        let back = said(&["--target", "5"], none);
        assert_eq!((back.current, back.target, back.not_applicable), (None, Some(5), None));
    }
}
