//! How holes are refilled, and which.

use reweave_core::{Generation, HoleRequest, Place, Preset, Refusal, Technique, Unit, limits};

use super::{Field, plan};
use crate::wire::spec as wire;

pub(super) fn receive(message: wire::Generation, at: &Field) -> Result<Generation, Refusal> {
    Ok(Generation {
        techniques: techniques(&message.techniques, &at.at("techniques"))?,
        preset: preset(&message.preset, &at.at("preset"))?,
        guidance: number(message.guidance, limits::GUIDANCE_MAX, &at.at("guidance"))?,
        steps: steps(message.steps, &at.at("steps"))?,
        temperature: number(message.temperature, limits::TEMPERATURE_MAX, &at.at("temperature"))?,
    })
}

pub(super) fn send(generation: &Generation) -> wire::Generation {
    wire::Generation {
        techniques: generation.techniques.iter().map(|technique| technique.as_str().to_owned()).collect(),
        preset: generation.preset.map(|preset| preset.as_str().to_owned()).unwrap_or_default(),
        guidance: generation.guidance,
        steps: generation.steps.unwrap_or_default(),
        temperature: generation.temperature,
    }
}

pub(super) fn holes(given: Vec<wire::Hole>, at: &Field) -> Result<Vec<HoleRequest>, Refusal> {
    at.count(given.len(), 0, limits::HOLES_MAX)?;
    given.into_iter().enumerate().map(|(index, hole)| self::hole(hole, &at.index(index))).collect()
}

pub(super) fn send_hole(hole: HoleRequest) -> wire::Hole {
    let mut message =
        wire::Hole { unit: hole.unit.map(|unit| unit.name().to_owned()).unwrap_or_default(), ..wire::Hole::default() };
    match hole.place {
        Place::Target(name) => message.target = name,
        Place::Lines { first, last } => message.lines = Some(wire::LineRange { start_line: first, end_line: last }),
        Place::At { line, column } => message.at = Some(wire::Position { line, column }),
        Place::Kind { kind, line: None } => message.kind = kind,
        Place::Kind { kind, line: Some(line) } => message.kind = format!("{kind}@{line}"),
    }
    message
}

fn techniques(names: &[String], at: &Field) -> Result<Vec<Technique>, Refusal> {
    at.count(names.len(), 0, Technique::ALL.len())?;
    let mut found = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let at = at.index(index);
        let known = Technique::ALL.map(|(_, name)| name).join(", ");
        let technique = Technique::by_name(name)
            .ok_or_else(|| at.invalid(format_args!("is `{}`, and is one of {known}", name.escape_debug())))?;
        if found.contains(&technique) {
            return Err(at.invalid(format_args!("names `{name}` a second time")));
        }
        found.push(technique);
    }
    Ok(found)
}

fn preset(name: &str, at: &Field) -> Result<Option<Preset>, Refusal> {
    if name.is_empty() {
        return Ok(None);
    }
    let known = Preset::ALL.map(|(_, name)| name).join(", ");
    let preset = Preset::by_name(name);
    preset.map(Some).ok_or_else(|| at.invalid(format_args!("is `{}`, and is one of {known}", name.escape_debug())))
}

fn number(given: Option<f32>, max: f32, at: &Field) -> Result<Option<f32>, Refusal> {
    match given {
        Some(value) if !(0.0..=max).contains(&value) => {
            Err(at.invalid(format_args!("is {value}, and goes from 0 to {max}")))
        }
        given => Ok(given),
    }
}

fn steps(given: u32, at: &Field) -> Result<Option<u32>, Refusal> {
    if given > limits::STEPS_MAX {
        return Err(at.invalid(format_args!("is {given}, and goes up to {}", limits::STEPS_MAX)));
    }
    Ok((given > 0).then_some(given))
}

fn hole(hole: wire::Hole, at: &Field) -> Result<HoleRequest, Refusal> {
    let unit = match hole.unit.as_str() {
        "" => None,
        name => Some(Unit::by_name(name).ok_or_else(|| {
            let known = Unit::ALL.map(|unit| unit.name()).join(", ");
            at.at("unit").invalid(format_args!("is `{}`, and is one of {known}", name.escape_debug()))
        })?),
    };
    Ok(HoleRequest { place: place(hole, at)?, unit })
}

/// The one place that `hole` names.
fn place(hole: wire::Hole, at: &Field) -> Result<Place, Refusal> {
    match (hole.target.as_str(), hole.lines, hole.at, hole.kind.as_str()) {
        (_, None, None, "") if !hole.target.is_empty() => Ok(Place::Target(at.at("target").name(hole.target)?)),
        ("", Some(lines), None, "") => {
            let range = plan::line_range(lines, &at.at("lines"))?;
            Ok(Place::Lines { first: range.start, last: range.end })
        }
        ("", None, Some(wire::Position { line, column }), "") if line > 0 && column > 0 => {
            Ok(Place::At { line, column })
        }
        ("", None, Some(_), "") => Err(at.at("at").invalid("has a 0, and lines and columns count from 1")),
        ("", None, None, _) if !hole.kind.is_empty() => kind(hole.kind, &at.at("kind")),
        _ => Err(at.invalid("names no place, or several: give one of `target`, `lines`, `at` and `kind`")),
    }
}

fn kind(text: String, at: &Field) -> Result<Place, Refusal> {
    let text = at.name(text)?;
    match text.split_once('@') {
        None => Ok(Place::Kind { kind: text, line: None }),
        Some((kind, line)) => match line.parse() {
            Ok(line) if line > 0 => Ok(Place::Kind { kind: kind.to_owned(), line: Some(line) }),
            _ => Err(at.invalid("has a line that is no number from 1")),
        },
    }
}
