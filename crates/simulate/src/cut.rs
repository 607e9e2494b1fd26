//! Power cuts as people write them: to have a failure again.

use std::fmt;
use std::str::FromStr;

use flash_model::{Cut, CutPlace, Restart, Torn};

/// A cut, and how the device starts again; or an operation that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedCut {
    /// Where the power fails.
    pub cut: Cut,
    /// Whether external chips lose their power too.
    pub restart: Restart,
}

/// The cuts of one run, in their order. As text `120:before,131:3:wavering,140:0:mixed:reset`: the number of the operation, then
/// `before`, `after`, or the unit that is torn and how it reads; `reset` where only the microcontroller is reset. `fails` is no cut: the
/// memory reports a failure, and what it tore stays weak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts(pub Vec<PlannedCut>);

/// A text that is no list of cuts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCuts {
    /// Not a cut.
    #[error(
        "`{0}` is no power cut: `120:before`, `120:after`, `120:3:wavering` for unit 3 torn, `120:fails:mixed` for a failure"
    )]
    Unknown(String),
    /// Not behind the one before it.
    #[error("operation {0} is not behind the one before it: each operation is cut once, in their order")]
    Order(u64),
}

/// How cells are called that read in some way.
fn name(torn: Torn) -> &'static str {
    match torn {
        Torn::AsBefore => "as-before",
        Torn::AsAfter => "as-after",
        Torn::Mixed => "mixed",
        Torn::Wavering => "wavering",
        Torn::Fading => "fading",
        Torn::Alternating => "alternating",
        Torn::Faulting => "faulting",
    }
}

impl PlannedCut {
    /// Whether the power stays on.
    pub fn is_failure(&self) -> bool {
        matches!(self.cut.place, CutPlace::Failing { .. })
    }
}

impl fmt::Display for PlannedCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cut { operation, place } = self.cut;
        match place {
            CutPlace::Before => write!(f, "{operation}:before")?,
            CutPlace::After => write!(f, "{operation}:after")?,
            CutPlace::Inside { unit, torn } => write!(f, "{operation}:{unit}:{}", name(torn))?,
            CutPlace::Failing { torn } => write!(f, "{operation}:fails:{}", name(torn))?,
        }
        if self.restart == Restart::Reset { f.write_str(":reset") } else { Ok(()) }
    }
}

impl FromStr for PlannedCut {
    type Err = BadCuts;

    fn from_str(text: &str) -> Result<Self, BadCuts> {
        let unknown = || BadCuts::Unknown(text.to_owned());
        let (cut, restart) = match text.strip_suffix(":reset") {
            Some(cut) => (cut, Restart::Reset),
            None => (text, Restart::PowerUp),
        };
        let (operation, place) = cut.split_once(':').ok_or_else(unknown)?;
        let operation = operation.trim().parse().map_err(|_| unknown())?;
        let place = match place {
            "before" => CutPlace::Before,
            "after" => CutPlace::After,
            _ => {
                let (unit, kind) = place.split_once(':').ok_or_else(unknown)?;
                let torn = Torn::ALL.into_iter().find(|torn| name(*torn) == kind).ok_or_else(unknown)?;
                match unit {
                    "fails" => CutPlace::Failing { torn },
                    unit => CutPlace::Inside { unit: unit.parse().map_err(|_| unknown())?, torn },
                }
            }
        };
        Ok(PlannedCut { cut: Cut { operation, place }, restart })
    }
}

impl fmt::Display for Cuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, cut) in self.0.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(f, "{comma}{cut}")?;
        }
        Ok(())
    }
}

impl FromStr for Cuts {
    type Err = BadCuts;

    fn from_str(text: &str) -> Result<Self, BadCuts> {
        let cuts: Vec<PlannedCut> =
            text.split(',').filter(|cut| !cut.is_empty()).map(str::parse).collect::<Result<_, _>>()?;
        let number = |cut: &PlannedCut| cut.cut.operation;
        match cuts.windows(2).find(|pair| number(&pair[1]) <= number(&pair[0])) {
            Some(pair) => Err(BadCuts::Order(number(&pair[1]))),
            None => Ok(Cuts(cuts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cuts;

    #[test]
    fn cuts_are_read_as_they_are_written() {
        for text in ["", "0:before", "12:after,13:0:mixed", "7:3:alternating:reset,900:before", "8:fails:faulting"] {
            assert_eq!(text.parse::<Cuts>().map(|cuts| cuts.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "12",
            "12:beside",
            "x:before",
            "12:0:torn",
            "12:before:resets",
            "12:fails",
            "12:before,12:after",
            "12:before,3:before",
        ] {
            assert!(text.parse::<Cuts>().is_err(), "{text}");
        }
    }
}
