//! From queries to forward passes: what is fed, how it is padded, and which rows of the output are looked at.

use std::ops::Range;

use reweave_decode::protocol::{Attention, Branch, Description, Fault, FaultCode, Query};
use tch::{Device, TchError, Tensor};

use crate::decoder::Visible;

/// One query, ready to be fed.
#[derive(Debug)]
pub(super) struct Branches {
    pub(super) query: usize,
    attention: Attention,
    conditional: Fed,
    unconditional: Option<Fed>,
}

/// One canvas as the network reads it.
#[derive(Debug)]
struct Fed {
    ids: Vec<i64>,
    /// Output rows that predict the wanted positions.
    rows: Vec<usize>,
}

/// Canvases of one forward pass.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) members: Vec<Branches>,
}

/// Tensors of one forward pass.
#[derive(Debug)]
pub(super) struct Input {
    /// `[canvases, length]`
    pub(super) ids: Tensor,
    pub(super) visible: Visible,
    /// Of the flattened output; for each member those of its conditional branch, then those of the other.
    pub(super) rows: Tensor,
}

/// Some wanted positions of one query, and where their rows lie among all rows of the chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) query: usize,
    /// Into the query's wanted positions.
    pub(super) wanted: Range<usize>,
    pub(super) conditional: Range<usize>,
    pub(super) unconditional: Option<Range<usize>>,
}

impl Branches {
    /// # Errors
    /// What the network cannot be fed: an id without a row, a position that nothing predicts, a mask without a token for it.
    pub(super) fn of(query: &Query, index: usize, description: &Description) -> Result<Self, Fault> {
        let attention = query.attention();
        let fed = |branch: &Branch| Fed::of(branch, attention, description);
        let unconditional = query.unconditional.as_ref().map(fed).transpose()?;
        let wanted = query.conditional.wanted.len();
        let labelled = query.positions.len() == wanted && query.allow.len() == wanted;
        let paired = query.unconditional.as_ref().is_none_or(|branch| branch.wanted.len() == wanted);
        if !labelled || !paired {
            return Err(Fault::new(
                FaultCode::Position,
                format!("{wanted} positions are wanted, but not in both branches"),
            ));
        }
        Ok(Self { query: index, attention, conditional: fed(&query.conditional)?, unconditional })
    }

    fn canvases(&self) -> impl Iterator<Item = &Fed> {
        std::iter::once(&self.conditional).chain(&self.unconditional)
    }

    fn length(&self) -> usize {
        self.canvases().map(|fed| fed.ids.len()).max().unwrap_or(0)
    }
}

impl Fed {
    fn of(branch: &Branch, attention: Attention, description: &Description) -> Result<Self, Fault> {
        let last = branch.wanted.iter().copied().max().unwrap_or(0);
        // A network that predicts the next token and looks back only is not shown what it is asked for.
        let length = match (attention, description.shifted) {
            (Attention::Causal, true) => branch.cells.len().min(last),
            (Attention::Causal, false) | (Attention::AllVisible, _) => branch.cells.len(),
        };
        let ids = branch.cells[..length].iter().map(|cell| id(*cell, description)).collect::<Result<Vec<_>, _>>()?;
        let rows = branch.wanted.iter().map(|position| row(*position, length, description.shifted));
        Ok(Self { ids, rows: rows.collect::<Result<_, _>>()? })
    }
}

fn id(cell: Option<u32>, description: &Description) -> Result<i64, Fault> {
    let unmasked = || Fault::new(FaultCode::Unsupported, "this model has no mask token, so no position can be masked");
    let id = cell.or(description.mask).ok_or_else(unmasked)?;
    if id >= description.vocabulary {
        let message = format!("token {id} is not below the vocabulary's {}", description.vocabulary);
        return Err(Fault::new(FaultCode::Token, message));
    }
    Ok(i64::from(id))
}

/// The output row that predicts `position`: its own, or where rows are shifted the one before it. Row 0 serves position 0
/// too, as in the reference samplers of Dream.
fn row(position: usize, length: usize, shifted: bool) -> Result<usize, Fault> {
    let row = if shifted { position.saturating_sub(1) } else { position };
    if row < length {
        return Ok(row);
    }
    let message = match length {
        0 => format!("nothing comes before position {position} to predict it from"),
        _ => format!("position {position} is not predicted by a canvas of {length} cells"),
    };
    Err(Fault::new(FaultCode::Position, message))
}

/// Splits queries into forward passes of one kind of attention each and at most `positions_max` positions. Canvases of like
/// length go together, so that little is padded.
pub(super) fn chunks(mut queries: Vec<Branches>, positions_max: usize) -> Vec<Chunk> {
    queries.sort_by_key(|query| (query.attention == Attention::Causal, query.length()));
    let mut chunks: Vec<Chunk> = Vec::new();
    for query in queries {
        match chunks.last_mut().filter(|chunk| chunk.has_room_for(&query, positions_max)) {
            Some(chunk) => chunk.members.push(query),
            None => chunks.push(Chunk { members: vec![query] }),
        }
    }
    chunks
}

impl Chunk {
    fn has_room_for(&self, query: &Branches, positions_max: usize) -> bool {
        let canvases = self.members.iter().map(|member| member.canvases().count()).sum::<usize>();
        // The last one is the longest.
        let positions = (canvases + query.canvases().count()) * query.length();
        self.attention() == query.attention && positions <= positions_max
    }

    fn attention(&self) -> Attention {
        self.members[0].attention
    }

    fn canvases(&self) -> impl Iterator<Item = &Fed> {
        self.members.iter().flat_map(Branches::canvases)
    }

    pub(super) fn input(&self, device: Device) -> Result<Input, TchError> {
        let length = self.canvases().map(|fed| fed.ids.len()).max().unwrap_or(0);
        let count = self.canvases().count() as i64;
        let (mut ids, mut rows) = (Vec::new(), Vec::new());
        for (index, fed) in self.canvases().enumerate() {
            ids.extend(&fed.ids);
            // Any id may pad: nothing sees it.
            ids.resize((index + 1) * length, 0);
            rows.extend(fed.rows.iter().map(|row| (index * length + row) as i64));
        }
        Ok(Input {
            ids: Tensor::f_from_slice(&ids)?.f_reshape([count, length as i64])?.f_to_device(device)?,
            visible: self.visible(length, device)?,
            rows: Tensor::f_from_slice(&rows)?.f_to_device(device)?,
        })
    }

    fn visible(&self, length: usize, device: Device) -> Result<Visible, TchError> {
        if self.attention() == Attention::Causal {
            return Ok(Visible::Before);
        }
        if self.canvases().all(|fed| fed.ids.len() == length) {
            return Ok(Visible::All);
        }
        let tokens: Vec<bool> =
            self.canvases().flat_map(|fed| (0..length).map(|position| position < fed.ids.len())).collect();
        let shape = [self.canvases().count() as i64, 1, 1, length as i64];
        Ok(Visible::Tokens(Tensor::f_from_slice(&tokens)?.f_reshape(shape)?.f_to_device(device)?))
    }

    /// The wanted positions in groups of at most `rows_max` rows of logits; both branches of a position stay together.
    pub(super) fn pieces(&self, rows_max: usize) -> Vec<Vec<Piece>> {
        let (mut groups, mut group, mut rows) = (Vec::new(), Vec::new(), 0);
        for piece in self.whole() {
            let branches = piece.branches();
            let mut from = 0;
            while from < piece.wanted.len() {
                let room = rows_max.saturating_sub(rows) / branches;
                if room == 0 && !group.is_empty() {
                    groups.push(std::mem::take(&mut group));
                    rows = 0;
                    continue;
                }
                let to = piece.wanted.len().min(from + room.max(1));
                rows += (to - from) * branches;
                group.push(piece.part(from..to));
                from = to;
            }
        }
        groups.push(group);
        groups.retain(|group| !group.is_empty());
        groups
    }

    /// One piece for each member.
    fn whole(&self) -> Vec<Piece> {
        let mut next = 0;
        let mut place = |fed: &Fed| {
            next += fed.rows.len();
            next - fed.rows.len()..next
        };
        let piece = |member: &Branches| Piece {
            query: member.query,
            wanted: 0..member.conditional.rows.len(),
            conditional: place(&member.conditional),
            unconditional: member.unconditional.as_ref().map(&mut place),
        };
        self.members.iter().map(piece).collect()
    }
}

impl Piece {
    /// Rows of the chunk, conditional ones first.
    pub(super) fn rows(&self) -> impl Iterator<Item = i64> + use<> {
        let unconditional = self.unconditional.clone().unwrap_or(0..0);
        self.conditional.clone().chain(unconditional).map(|row| row as i64)
    }

    fn branches(&self) -> usize {
        1 + usize::from(self.unconditional.is_some())
    }

    fn part(&self, range: Range<usize>) -> Self {
        let within = |rows: &Range<usize>| rows.start + range.start..rows.start + range.end;
        Self {
            query: self.query,
            wanted: within(&self.wanted),
            conditional: within(&self.conditional),
            unconditional: self.unconditional.as_ref().map(within),
        }
    }
}
