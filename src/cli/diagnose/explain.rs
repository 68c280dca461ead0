//! `diagnose --explain`: what a code means, whatever the exchange.

use super::words::labelled;
use crate::cli::context::Context;
use crate::cli::output::Paint;
use crate::cli::{Outcome, guess};
use crate::diagnose::{CodeInfo, all_codes, code};
use serde_json::{Value as Json, json};

/// One code's page; without a code, the list of all.
pub fn explain(context: &Context, name: &str) -> Outcome {
    let out = &context.out;
    let name = name.trim();
    if name.is_empty() || name == "all" {
        if out.json {
            out.answer(&all_codes().map(shape).collect());
            return Ok(0);
        }
        for info in all_codes() {
            out.line(&format!("{:<34} {}", info.code, info.title));
        }
        return Ok(0);
    }
    let wanted = name.to_ascii_lowercase();
    let Some(info) = code(&wanted) else {
        let list = "`hallpass diagnose --explain` lists them";
        return Err(guess::unknown("code", name, all_codes().map(|info| info.code), list).into());
    };
    if out.json {
        out.answer(&shape(info));
        return Ok(0);
    }
    out.line(&out.paint(Paint::Bad, &format!("{}: {}", info.code, info.title)));
    if out.quiet {
        return Ok(0);
    }
    out.line("");
    for (label, text) in [
        ("means", info.cause),
        ("signs", info.signs),
        ("confirm", info.confirm),
        ("fix", info.fix),
        ("layer", info.layer.word()),
        ("see", info.reference),
    ] {
        if !text.is_empty() {
            labelled(out, label, text);
        }
    }
    for (i, probe) in info.probes.iter().enumerate() {
        labelled(out, if i == 0 { "to check" } else { "" }, probe.text());
    }
    Ok(0)
}

fn shape(info: &CodeInfo) -> Json {
    json!({
        "code": info.code,
        "layer": info.layer.word(),
        "title": info.title,
        "cause": info.cause,
        "signs": info.signs,
        "confirm": info.confirm,
        "fix": info.fix,
        "reference": info.reference,
        "probes": info.probes.iter().map(|p| json!({ "id": p.id(), "text": p.text() })).collect::<Vec<_>>(),
    })
}
