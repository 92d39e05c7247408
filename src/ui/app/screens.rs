//! The eight screens, by their keys.

use crate::ui::msg::ScreenId;
use crate::ui::screen::Screen;
use crate::ui::screen::accounts::Accounts;
use crate::ui::screen::delivery::Delivery;
use crate::ui::screen::failed::Failed;
use crate::ui::screen::invoices::Invoices;
use crate::ui::screen::jobs::Jobs;
use crate::ui::screen::log::Log;
use crate::ui::screen::runs::Runs;
use crate::ui::screen::today::Today;

/// The eight screens.
#[derive(Default)]
pub(super) struct Screens {
    pub(super) today: Today,
    pub(super) runs: Runs,
    pub(super) invoices: Invoices,
    pub(super) delivery: Delivery,
    pub(super) failed: Failed,
    pub(super) jobs: Jobs,
    pub(super) log: Log,
    pub(super) accounts: Accounts,
}

impl Screens {
    pub(super) fn get(&mut self, id: ScreenId) -> &mut dyn Screen {
        match id {
            ScreenId::Today => &mut self.today,
            ScreenId::Runs => &mut self.runs,
            ScreenId::Invoices => &mut self.invoices,
            ScreenId::Delivery => &mut self.delivery,
            ScreenId::Failed => &mut self.failed,
            ScreenId::Jobs => &mut self.jobs,
            ScreenId::Log => &mut self.log,
            ScreenId::Accounts => &mut self.accounts,
        }
    }

    pub(super) fn peek(&self, id: ScreenId) -> &dyn Screen {
        match id {
            ScreenId::Today => &self.today,
            ScreenId::Runs => &self.runs,
            ScreenId::Invoices => &self.invoices,
            ScreenId::Delivery => &self.delivery,
            ScreenId::Failed => &self.failed,
            ScreenId::Jobs => &self.jobs,
            ScreenId::Log => &self.log,
            ScreenId::Accounts => &self.accounts,
        }
    }
}
