//! What a drawing costs whoever draws it: a small file can refer to itself until it is drawn millions of times.

use std::collections::HashMap;

use super::{Child, Element, allowed, css};

/// How many elements may be drawn in all, copies included.
const DRAWN_MAX: usize = 20_000;
/// How many references may follow each other: a mask of something with a gradient that takes its colors from another one
/// has three.
const CHAIN_MAX: usize = 5;
/// How deep what is drawn may be nested, references followed.
const DRAWN_DEPTH_MAX: usize = 64;
/// A mask or a clip path is drawn up to four times for each element that has it, on each level.
const MASK_FACTOR: usize = 4;

/// What an element costs with all that is in it and all that it refers to.
#[derive(Clone, Copy, Default)]
struct Cost {
    drawn: usize,
    chain: usize,
    depth: usize,
}

struct Walk<'e> {
    elements: &'e [Element<'e>],
    ids: HashMap<&'e str, usize>,
    known: Vec<Option<Cost>>,
    /// Elements on the way from the root to the present one.
    entered: Vec<bool>,
}

/// # Errors
/// What is too much, in words that follow "the SVG has …".
pub(super) fn check(elements: &[Element<'_>]) -> Result<(), String> {
    let ids = elements.iter().enumerate().filter_map(|(index, element)| Some((element.id?, index))).collect();
    let (known, entered) = (vec![None; elements.len()], vec![false; elements.len()]);
    Walk { elements, ids, known, entered }.cost(0, 0, 0).map(drop)
}

impl Walk<'_> {
    /// Calls itself no deeper than [`DRAWN_DEPTH_MAX`]: `depth` and `chain` count how far from the root it is.
    fn cost(&mut self, index: usize, depth: usize, chain: usize) -> Result<Cost, String> {
        if self.entered[index] {
            return Err("parts that refer to themselves".to_owned());
        }
        let known = self.known[index];
        within(known.unwrap_or(Cost { drawn: 1, chain: 0, depth: 1 }), depth, chain)?;
        if let Some(known) = known {
            return Ok(known);
        }
        self.entered[index] = true;
        let element = &self.elements[index];
        let mut sum = Cost { drawn: 1, chain: 0, depth: 1 };
        for child in &element.children {
            if let Child::Element(child) = child {
                let child = self.cost(*child, depth + 1, chain)?;
                sum.add(child, 1, 0);
            }
        }
        for (id, factor) in references(element) {
            if let Some(&target) = self.ids.get(id) {
                let target = self.cost(target, depth + 1, chain + 1)?;
                sum.add(target, factor, 1);
            }
        }
        within(sum, depth, chain)?;
        self.entered[index] = false;
        self.known[index] = Some(sum);
        Ok(sum)
    }
}

impl Cost {
    fn add(&mut self, other: Self, factor: usize, step: usize) {
        self.drawn = self.drawn.saturating_add(other.drawn.saturating_mul(factor));
        self.chain = self.chain.max(other.chain + step);
        self.depth = self.depth.max(other.depth + 1);
    }
}

fn within(cost: Cost, depth: usize, chain: usize) -> Result<(), String> {
    if chain + cost.chain > CHAIN_MAX {
        return Err(format!("more than {CHAIN_MAX} references that follow each other"));
    }
    if depth + cost.depth > DRAWN_DEPTH_MAX {
        return Err(format!("copies nested more than {DRAWN_DEPTH_MAX} deep"));
    }
    if cost.drawn > DRAWN_MAX {
        return Err("more copies than a drawing needs".to_owned());
    }
    Ok(())
}

/// What an element refers to, with how many times it is drawn for it.
fn references<'e>(element: &'e Element<'_>) -> impl Iterator<Item = (&'e str, usize)> {
    let values = element.attributes.iter().chain(&element.style);
    let values = values.filter(|(name, _)| allowed::REFERRING.contains(name));
    let of_values = values.flat_map(|(name, value)| {
        let factor = if ["mask", "clip-path"].contains(name) { MASK_FACTOR } else { 1 };
        css::references(value).map(move |id| (id, factor))
    });
    element.href.map(|id| (id, 1)).into_iter().chain(of_values)
}
