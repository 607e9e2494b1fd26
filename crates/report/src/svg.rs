//! The memory map as a picture: one column for each region, one box for each range. Nothing outside the file is needed,
//! and it follows the reader's choice of a light or a dark page.

use std::fmt::Write as _;

use crate::text::{cut, thousands, wrap};

/// What is drawn. All lengths are bytes, all texts are plain.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Which device.
    pub title: String,
    /// What to know about all of it, one line each.
    pub notes: Vec<String>,
    /// Regions, left to right.
    pub columns: Vec<Column>,
}

/// A region.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its ranges, lowest address first.
    pub boxes: Vec<Box>,
    /// Its last address.
    pub end: String,
}

/// A range of whole sectors.
#[derive(Clone, Debug)]
pub struct Box {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its first address.
    pub address: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub what: String,
    /// Its size and its sectors.
    pub extent: [String; 2],
    /// Bytes, which decide about its height.
    pub size: u32,
    /// Where sectors begin inside it, as bytes from its start.
    pub borders: Vec<u32>,
    /// Of an image's slot, what is inside.
    pub slot: Option<Slot>,
    /// At which end an image's header is.
    pub header: Option<End>,
    /// Whether it ends with the state words of a slot, be it itself or the one whose updates are staged here.
    pub has_log: bool,
}

/// An end of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its lowest address.
    First,
    /// Its highest address.
    Last,
}

/// What is inside an image's slot.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Where its parts are.
    pub places: String,
    /// Bytes used, if they are known.
    pub used: Option<u32>,
    /// Bytes for payload and auxiliary area.
    pub capacity: u32,
}

/// Kinds of boxes: class in the style sheet, text of the legend, colours of surface and line on a light and a dark page.
/// Light or dark, text on each surface has a contrast of 7:1 at least.
macro_rules! kinds {
    ($($kind:ident $class:literal $legend:literal, $light:literal $light_line:literal, $dark:literal $dark_line:literal;)*) => {
        /// What kind of thing a range is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = $legend] $kind,)*
        }

        impl Kind {
            const ALL: &[Self] = &[$(Self::$kind),*];

            fn class(self) -> &'static str {
                match self { $(Self::$kind => $class),* }
            }

            fn legend(self) -> &'static str {
                match self { $(Self::$kind => $legend),* }
            }
        }

        const LIGHT: &str = concat!($(
            "  .", $class, " { fill: ", $light, "; stroke: ", $light_line, " }\n",
            "  .", $class, "-line { fill: ", $light_line, " }\n",
        )*);
        const DARK: &str = concat!($(
            "    .", $class, " { fill: ", $dark, "; stroke: ", $dark_line, " }\n",
            "    .", $class, "-line { fill: ", $dark_line, " }\n",
        )*);
    };
}

kinds! {
    BootLoader "boot" "boot loader", "#ddf4ff" "#0969da", "#0c2d4f" "#58a6ff";
    Image "image" "slot of an image", "#dafbe1" "#1a7f37", "#10331d" "#3fb950";
    Counter "counter" "security counter", "#fff8c5" "#9a6700", "#3a2d05" "#d29922";
    Log "states" "state log", "#fff1e5" "#bc4c00", "#3d1f0a" "#f0883e";
    Application "application" "of the application", "#fbefff" "#8250df", "#2d1f4a" "#a371f7";
    Free "free" "free", "#f6f8fa" "#afb8c1", "#161b22" "#484f58";
}

const MARGIN: u32 = 24;
/// Width of a column's addresses, of its boxes, and the space behind them.
const GUTTER: u32 = 104;
const BOX: u32 = 340;
const GAP: u32 = 28;
/// Top of the columns.
const TOP: u32 = 96;
/// Height that a column of boxes shares by their size, beside what the text of each takes.
const SHARED: u32 = 220;
/// Height of the strips that stand for an image's header and its state words.
const STRIP: u32 = 6;
/// Sectors nearer to one another than this are not drawn, in pixels.
const NEAREST_BORDERS: u32 = 4;
/// Characters of text that fit beside a size, and in a whole line of small ones.
const NAME: usize = 24;
const LINE: usize = 58;

impl Picture {
    /// The SVG document.
    pub fn document(&self) -> String {
        let width = 2 * MARGIN + self.columns.len().max(1) as u32 * (GUTTER + BOX + GAP) - GAP;
        let bottom = self.columns.iter().map(|column| TOP + column.height()).max().unwrap_or(TOP);
        let below = bottom + 44;
        let notes: Vec<String> = self.notes.iter().flat_map(|note| lines(note, width)).collect();
        let legend_top = below + 18 * notes.len() as u32 + 12;
        let (legend, height) = self.legend(legend_top, width);
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" aria-labelledby=\"title\">\n<title id=\"title\">Memory map of {}</title>\n<style>\n{STYLE}{LIGHT}\
             \x20 @media (prefers-color-scheme: dark) {{\n{DARK_STYLE}{DARK}  }}\n</style>\n\
             <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n",
            escape(&self.title)
        );
        line(&mut text, "title", MARGIN, 42, &self.title);
        for (index, column) in self.columns.iter().enumerate() {
            column.draw(MARGIN + index as u32 * (GUTTER + BOX + GAP), &mut text);
        }
        for (index, note) in notes.iter().enumerate() {
            line(&mut text, "small mono", MARGIN, below + 18 * index as u32, note);
        }
        text.push_str(&legend);
        text + "</svg>\n"
    }

    /// What the colours that occur stand for, and where it ends.
    fn legend(&self, top: u32, width: u32) -> (String, u32) {
        let boxes = || self.columns.iter().flat_map(|column| &column.boxes);
        let kinds = Kind::ALL.iter().filter(|kind| boxes().any(|found| found.kind == **kind));
        let mut entries: Vec<_> = kinds.map(|kind| (kind.class(), kind.legend(), 12)).collect();
        entries.extend(boxes().any(|found| found.header.is_some()).then_some(("head", "header", STRIP)));
        entries.extend(boxes().any(|found| found.has_log).then_some(("log", "state words", STRIP)));
        let (mut text, mut x, mut y) = (String::new(), MARGIN, top);
        for (class, legend, height) in entries {
            let taken = 44 + 7 * legend.len() as u32;
            if x > MARGIN && x + taken > width {
                (x, y) = (MARGIN, y + 20);
            }
            let rect_y = y - 4 - height / 2;
            let _ =
                writeln!(text, "<rect class=\"{class}\" x=\"{x}\" y=\"{rect_y}\" width=\"14\" height=\"{height}\"/>");
            line(&mut text, "small", x + 20, y, legend);
            x += taken;
        }
        (text, y + MARGIN)
    }
}

/// A note in lines that fit.
fn lines(note: &str, width: u32) -> Vec<String> {
    // Characters of the monospaced font are 7.3 pixels wide, if it is the widest of those named.
    let characters = (width - 2 * MARGIN) * 10 / 73;
    wrap(note, characters as usize).lines().map(str::to_owned).collect()
}

impl Column {
    fn height(&self) -> u32 {
        self.boxes.iter().map(|found| self.height_of(found)).sum()
    }

    /// What the text takes, and a share by size. Small and large ranges both stay readable; it is no ruler.
    fn height_of(&self, found: &Box) -> u32 {
        let all: u64 = self.boxes.iter().map(|found| u64::from(found.size)).sum();
        let share = u64::from(SHARED) * u64::from(found.size) / all.max(1);
        found.least_height() + share as u32
    }

    fn draw(&self, x: u32, text: &mut String) {
        line(text, "name", x + GUTTER, TOP - 14, &self.name);
        let mut y = TOP;
        for found in &self.boxes {
            let height = self.height_of(found);
            line(text, "small mono", x, y + 12, &found.address);
            found.draw(x + GUTTER, y, height, text);
            y += height;
        }
        line(text, "small mono faint", x, y - 3, &self.end);
    }
}

impl Box {
    fn least_height(&self) -> u32 {
        match (&self.slot, self.kind) {
            (Some(_), _) => 100,
            (None, Kind::Free) => 30,
            (None, _) => 46,
        }
    }

    fn draw(&self, x: u32, y: u32, height: u32, text: &mut String) {
        let right = x + BOX - 12;
        let _ = writeln!(
            text,
            "<rect class=\"{}\" x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"{height}\"/>",
            self.kind.class()
        );
        self.draw_borders(x, y, height, text);
        let [size, sectors] = &self.extent;
        if self.kind == Kind::Free {
            line(text, "small", x + 14, y + 20, &self.what);
            line(text, "small end", right, y + 20, &format!("{size}, {sectors}"));
            return;
        }
        let top = y + if self.slot.is_some() { STRIP } else { 0 };
        line(text, "name", x + 14, top + 20, &cut(&self.name, NAME));
        line(text, "size end", right, top + 20, size);
        line(text, "small", x + 14, top + 37, &cut(&self.what, NAME + 12));
        line(text, "small end", right, top + 37, sectors);
        let strip = |class, y| {
            format!("<rect class=\"{class}\" x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{STRIP}\"/>\n", x + 1, BOX - 2)
        };
        let last = y + height - STRIP - 1;
        match self.header {
            Some(End::First) => text.push_str(&strip("head", y + 1)),
            Some(End::Last) => text.push_str(&strip("head", if self.has_log { last - STRIP } else { last })),
            None => {}
        }
        if self.has_log {
            text.push_str(&strip("log", last));
        }
        if let Some(slot) = &self.slot {
            slot.draw(self.kind, x + 14, top + 54, text);
        }
    }

    /// Marks at the left edge where sectors begin, unless they are too many to tell apart.
    fn draw_borders(&self, x: u32, y: u32, height: u32, text: &mut String) {
        let marks: Vec<u32> = self
            .borders
            .iter()
            .map(|border| y + (u64::from(height) * u64::from(*border) / u64::from(self.size.max(1))) as u32)
            .collect();
        let edges: Vec<u32> = std::iter::once(y).chain(marks.iter().copied()).collect();
        if edges.windows(2).all(|pair| pair[1] - pair[0] >= NEAREST_BORDERS) {
            for mark in marks {
                let _ = writeln!(
                    text,
                    "<rect class=\"{}-line\" x=\"{x}\" y=\"{mark}\" width=\"7\" height=\"1\"/>",
                    self.kind.class()
                );
            }
        }
    }
}

impl Slot {
    fn draw(&self, kind: Kind, x: u32, y: u32, text: &mut String) {
        const WIDTH: u32 = BOX - 26;
        let share = |whole: u32| {
            let used = u64::from(self.used.unwrap_or(0).min(self.capacity));
            (used * u64::from(whole) / u64::from(self.capacity.max(1))) as u32
        };
        line(text, "tiny mono", x, y, &cut(&self.places, LINE));
        let mut bar = |class: &str, width: u32| {
            let _ = writeln!(
                text,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"5\" rx=\"2\"/>",
                y + 8
            );
        };
        bar("track", WIDTH);
        if self.used.is_some() {
            bar(&format!("{}-line", kind.class()), share(WIDTH).max(2));
        }
        let capacity = thousands(self.capacity.into());
        let fill = match self.used {
            Some(used) => format!("{} of {capacity} bytes, {}%", thousands(used.into()), share(100)),
            None => format!("no firmware yet, room for {capacity} bytes"),
        };
        line(text, "tiny", x, y + 27, &fill);
    }
}

const STYLE: &str =
    "  text { font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328 }
  .title { font-size: 20px; font-weight: 600 }
  .name { font-size: 14px; font-weight: 600 }
  .size { font-size: 13px }
  .small { font-size: 12px; fill: #424a53 }
  .tiny { font-size: 11px; fill: #424a53 }
  .faint { fill: #636c76 }
  .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
  .tiny.mono { font-size: 9.5px }
  .end { text-anchor: end }
  .page { fill: #ffffff }
  .head { fill: #0969da }
  .log { fill: #bc4c00 }
  .track { fill: #b4dfc0 }
";

const DARK_STYLE: &str = "    text { fill: #f0f6fc }
    .small, .tiny { fill: #c9d1d9 }
    .faint { fill: #9198a1 }
    .page { fill: #0d1117 }
    .head { fill: #58a6ff }
    .log { fill: #f0883e }
    .track { fill: #28563a }
";

fn line(text: &mut String, class: &str, x: u32, y: u32, content: &str) {
    let _ = writeln!(text, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escape(content));
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance of `#rrggbb` (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect(colour)) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn text_can_be_read_on_every_surface() {
        for (styles, text) in [(LIGHT, ["#1f2328", "#424a53"]), (DARK, ["#f0f6fc", "#c9d1d9"])] {
            let surfaces: Vec<_> = styles.split("{ fill: ").filter_map(|rule| rule.split_once("; stroke")).collect();
            assert_eq!(surfaces.len(), Kind::ALL.len());
            for (surface, _) in surfaces {
                for colour in text {
                    assert!(STYLE.contains(colour) || DARK_STYLE.contains(colour), "{colour}");
                    let (text, surface_light) = (luminance(colour) + 0.05, luminance(surface) + 0.05);
                    let contrast = (text / surface_light).max(surface_light / text);
                    assert!(contrast >= 7.0, "{colour} on {surface}: {contrast:.1}");
                }
            }
        }
    }

    #[test]
    fn names_are_text_and_not_markup() {
        let picture = Picture { title: "<a&b>".to_owned(), notes: vec!["n<".to_owned()], columns: Vec::new() };
        let document = picture.document();
        assert!(document.contains("Memory map of &lt;a&amp;b&gt;</title>") && document.contains(">n&lt;</text>"));
    }
}
