//! The screens, by their keys.

use crate::ui::msg::ScreenId;
use crate::ui::screen::Screen;
use crate::ui::screen::accounts::Accounts;
use crate::ui::screen::bank::Bank;
use crate::ui::screen::books::Books;
use crate::ui::screen::delivery::Delivery;
use crate::ui::screen::failed::Failed;
use crate::ui::screen::invoices::Invoices;
use crate::ui::screen::jobs::Jobs;
use crate::ui::screen::log::Log;
use crate::ui::screen::runs::Runs;
use crate::ui::screen::today::Today;

/// Each by its key; what is no [`ScreenId`] or has no line here does not compile.
macro_rules! screens {
    ($($field:ident: $screen:ident,)+) => {
        /// The screens.
        #[derive(Default)]
        pub(super) struct Screens {
            $(pub(super) $field: $screen,)+
        }

        impl Screens {
            pub(super) fn get(&mut self, id: ScreenId) -> &mut dyn Screen {
                match id {
                    $(ScreenId::$screen => &mut self.$field,)+
                }
            }

            pub(super) fn peek(&self, id: ScreenId) -> &dyn Screen {
                match id {
                    $(ScreenId::$screen => &self.$field,)+
                }
            }
        }
    };
}

screens! {
    today: Today,
    runs: Runs,
    invoices: Invoices,
    delivery: Delivery,
    failed: Failed,
    jobs: Jobs,
    log: Log,
    accounts: Accounts,
    books: Books,
    bank: Bank,
}
