//! The columns of the table of lines.

/// Where the columns of the table stand.
pub(super) struct Columns {
    pub description: f32,
    pub period: f32,
    pub period_room: f32,
    pub quantity: f32,
    pub quantity_room: f32,
    pub price: f32,
    pub price_room: f32,
    pub amount_room: f32,
}

impl Columns {
    pub(super) fn of(left: f32, right: f32) -> Self {
        let width = right - left;
        let at = |share: f32| left + width * share;
        Self {
            description: width * 0.385,
            period: at(0.405),
            period_room: width * 0.215,
            quantity: at(0.725),
            quantity_room: width * 0.10,
            price: at(0.855),
            price_room: width * 0.12,
            amount_room: width * 0.14,
        }
    }
}
