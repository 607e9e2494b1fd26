//! What a flash driver asks of the layout.

use image_format::layout::GroupView;

use crate::config::Config;
use crate::{ARGUMENT, DONE, place, slice};

/// A sector of a region.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Sector {
    /// Its number, counted from the region's first: not what a reference manual calls it where a bank's sectors begin with another.
    pub number: u32,
    /// Bytes.
    pub size: u32,
}

/// Stores number and size of the sector that starts at an offset of a region: what a driver's `erase` needs to know. Returns
/// WAXSEAL_DONE, or WAXSEAL_REASON_LAYOUT if none starts there.
///
/// # Safety
/// `config` and its layout can be read; `sector` is storage of its type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_find_sector(
    config: *const Config,
    region: u8,
    offset: u32,
    sector: *mut Sector,
) -> u32 {
    // SAFETY: as this function asks for.
    let (config, sector) = unsafe { (config.as_ref(), place(sector)) };
    let (Some(config), Some(sector)) = (config, sector) else { return ARGUMENT };
    // SAFETY: as this function asks for.
    let Some(layout) = (unsafe { slice(config.layout, config.layout_size) }) else { return ARGUMENT };
    let region = GroupView::parse(layout).and_then(|(group, _)| group.regions().nth(region.into()));
    match region.and_then(|region| region.sector(offset)) {
        Some(found) if found.offset == offset => {
            sector.write(Sector { number: found.number, size: found.size });
            DONE
        }
        _ => boot::Reason::Layout.number().into(),
    }
}
