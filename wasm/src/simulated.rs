//! A simulated board, for demonstrations and tests without one. That it behaves as a given chip's ROM does is unproven.

use dfuse::{Board, Fault};
use flasher::{Effect, Event, Transport};
use js_sys::{Error, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::argument::Argument;
use crate::effect;

/// A board with a simulated chip behind its boot loader in ROM. It performs what procedures ask for, without USB, and keeps a
/// log of what was written.
#[wasm_bindgen]
pub struct SimulatedBoard(Board);

#[wasm_bindgen]
impl SimulatedBoard {
    /// A blank board: an order code, with option bytes and a serial number if they are not to be the usual ones,
    /// `STM32F767ZI,nDBANK=0,serial=TEXT`; or what {@link SimulatedBoard.save} gave.
    ///
    /// @throws Error if there is no such board.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] board: JsValue,
    ) -> Result<SimulatedBoard, JsValue> {
        let content = Argument::new("board", board.clone()).content()?;
        let made = match board.as_string() {
            Some(text) => text.parse(),
            None => Board::load(&content),
        };
        made.map(Self).map_err(|error: dfuse::BoardError| Error::new(&error.to_string()).into())
    }

    /// Performs an effect of a procedure. A `wait` passes at once.
    ///
    /// @throws TypeError if it is none.
    #[wasm_bindgen(unchecked_return_type = "Event")]
    pub fn perform(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Effect")] effect: JsValue,
    ) -> Result<JsValue, JsValue> {
        let effect: Option<Effect> = effect::read(&Argument::new("effect", effect))?;
        effect::write_event(&effect.map_or(Event::Done, |effect| Transport::perform(&mut self.0, &effect)))
    }

    /// What goes wrong from now on, as for the command: `unplug@program:3`, `stall@erase:0`, `mute@program:0`, `busy`, `busy@erase:1`,
    /// `status@erase:1=11`, `status-stalls@0`, `deaf`, `slow@20`, `short-reads`, `no-locks`, `written@0x1FF0F000=0x12,1`. Erases and
    /// blocks (`read:1` too) are counted from 0, from when the board was plugged in; a number alone is that of a control transfer.
    ///
    /// @throws Error if one is no fault; the faults then stay as they were.
    #[wasm_bindgen(js_name = "setFaults")]
    pub fn set_faults(&mut self, faults: Vec<String>) -> Result<(), JsValue> {
        let faults: Result<Vec<Fault>, String> = faults.iter().map(|fault| fault.parse()).collect();
        self.0.set_faults(faults.map_err(|why| JsValue::from(Error::new(&why)))?);
        Ok(())
    }

    /// Plugs it in again: its ROM starts anew, its memory is what it was, and nothing goes wrong any more.
    pub fn reconnect(&mut self) {
        self.0 = self.0.clone().reconnect();
        self.0.set_faults(Vec::new());
    }

    /// Everything that was erased, programmed or lifted, in order.
    #[wasm_bindgen(getter)]
    pub fn log(&self) -> Vec<String> {
        self.0.memory.log.iter().map(ToString::to_string).collect()
    }

    /// The number of control transfers so far: what faults count.
    #[wasm_bindgen(getter)]
    pub fn transfers(&self) -> u32 {
        self.0.transfers()
    }

    /// The layout strings of its alternate settings.
    #[wasm_bindgen(getter)]
    pub fn alternates(&self) -> Vec<String> {
        self.0.memory.alternates()
    }

    /// Its serial number's string.
    #[wasm_bindgen(getter)]
    pub fn serial(&self) -> String {
        self.0.serial().to_owned()
    }

    /// What its memory holds there; `undefined` where there is none.
    pub fn content(&self, address: u32, size: u32) -> Option<Uint8Array> {
        let end = address.checked_add(size)?;
        self.0.memory.content(&(address..end)).map(|bytes| Uint8Array::from(bytes.as_slice()))
    }

    /// Puts bytes into its memory, whatever is there: to begin a test with.
    ///
    /// @throws TypeError if they are not of their declared type.
    pub fn put(
        &mut self,
        address: u32,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
    ) -> Result<(), JsValue> {
        self.0.memory.put(address, &Argument::new("bytes", bytes).content()?);
        Ok(())
    }

    /// The board as a file, to go on with later.
    pub fn save(&self) -> Uint8Array {
        Uint8Array::from(self.0.save().as_slice())
    }
}
