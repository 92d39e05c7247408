//! Who the demo's customers are: names as they are written where they live, and where they live.
//! All are made up; mail goes to the domains that RFC 2606 keeps for examples.

use crate::demo::dice::Dice;

/// What customers of one country have in common.
#[derive(Debug, Clone, Copy)]
pub struct Country {
    /// ISO 3166 code.
    pub code: &'static str,
    /// The currency they are billed in.
    pub currency: &'static str,
    /// Their usual tax code; empty = none.
    pub tax_code: &'static str,
    /// How their tax id begins; empty = they have none on file.
    pub tax_id: &'static str,
    /// Of a thousand customers so many are from here.
    pub share: u64,
    names: &'static [&'static str],
    trades: &'static [&'static str],
    forms: &'static [&'static str],
    cities: &'static [(&'static str, &'static str)],
    streets: &'static [&'static str],
    number_first: bool,
}

/// The countries; shares sum to 1000.
pub const COUNTRIES: &[Country] = &[
    Country {
        code: "DE",
        currency: "EUR",
        tax_code: "DE19",
        tax_id: "DE",
        share: 250,
        names: &[
            "Müller",
            "Schäfer",
            "Grünwald",
            "Weiß",
            "Köhler",
            "Nordlicht",
            "Bergmann",
            "Jäger & Söhne",
            "Voß",
            "Lindenhof",
            "Hübner",
            "Krüger",
            "Seefeld",
            "Öttinger",
        ],
        trades: &[
            "Logistik",
            "Maschinenbau",
            "Bäckerei",
            "Optik",
            "Druckerei",
            "Holzbau",
            "Elektrotechnik",
            "Brauerei",
            "Gartenbau",
            "Spedition",
            "Pflegedienst",
            "Werkzeuge",
        ],
        forms: &["GmbH", "AG", "KG", "e.K.", "GmbH & Co. KG"],
        cities: &[
            ("10115", "Berlin"),
            ("20095", "Hamburg"),
            ("80331", "München"),
            ("50667", "Köln"),
            ("01067", "Dresden"),
            ("97070", "Würzburg"),
        ],
        streets: &["Hauptstraße", "Bahnhofstraße", "Am Mühlbach", "Lindenallee", "Königsweg"],
        number_first: false,
    },
    Country {
        code: "FR",
        currency: "EUR",
        tax_code: "EURC",
        tax_id: "FR",
        share: 90,
        names: &[
            "Lefèvre",
            "Béranger",
            "L'Étoile",
            "Françoise",
            "Château Vieux",
            "Dubois",
            "Garçon",
            "Noël",
            "Rivière",
            "Saint-Rémy",
        ],
        trades: &[
            "Transports",
            "Fromagerie",
            "Conseil",
            "Imprimerie",
            "Électricité",
            "Vins",
            "Menuiserie",
            "Hôtellerie",
        ],
        forms: &["SARL", "SA", "SAS", "& Fils"],
        cities: &[
            ("75002", "Paris"),
            ("69001", "Lyon"),
            ("13001", "Marseille"),
            ("33000", "Bordeaux"),
        ],
        streets: &["rue de la République", "avenue Foch", "place du Marché", "quai des Brumes"],
        number_first: true,
    },
    Country {
        code: "ES",
        currency: "EUR",
        tax_code: "EURC",
        tax_id: "ES",
        share: 70,
        names: &[
            "Núñez",
            "Ibáñez",
            "Peña",
            "Castaño",
            "Gómez",
            "La Alcazaba",
            "Muñoz",
            "Sol y Mar",
        ],
        trades: &["Logística", "Aceites", "Construcción", "Hostelería", "Imprenta", "Diseño"],
        forms: &["S.L.", "S.A.", "e Hijos"],
        cities: &[
            ("28013", "Madrid"),
            ("08002", "Barcelona"),
            ("41001", "Sevilla"),
            ("15001", "A Coruña"),
        ],
        streets: &["Calle Mayor", "Avenida de la Constitución", "Plaza de España"],
        number_first: false,
    },
    Country {
        code: "PL",
        currency: "EUR",
        tax_code: "EURC",
        tax_id: "PL",
        share: 60,
        names: &["Wójcik", "Kowalczyk", "Śląsk", "Żółty Młyn", "Dąbrowski", "Łąka", "Bursztyn"],
        trades: &["Transport", "Meble", "Drukarnia", "Budownictwo", "Piekarnia", "Usługi"],
        forms: &["sp. z o.o.", "S.A.", "i Wspólnicy"],
        cities: &[
            ("00-001", "Warszawa"),
            ("31-001", "Kraków"),
            ("80-001", "Gdańsk"),
            ("90-001", "Łódź"),
        ],
        streets: &["ulica Długa", "aleja Róż", "plac Zamkowy"],
        number_first: false,
    },
    Country {
        code: "GR",
        currency: "EUR",
        tax_code: "EURC",
        tax_id: "EL",
        share: 50,
        names: &["Παπαδόπουλος", "Αιγαίο", "Νικολάου", "Ολυμπία", "Γεωργίου", "Θάλασσα"],
        trades: &["Μεταφορές", "Ελαιόλαδο", "Τυπογραφείο", "Ξενοδοχεία", "Ναυτιλιακή"],
        forms: &["Α.Ε.", "Ο.Ε.", "& Υιοί"],
        cities: &[("105 57", "Αθήνα"), ("546 24", "Θεσσαλονίκη"), ("712 02", "Ηράκλειο")],
        streets: &["Οδός Ερμού", "Λεωφόρος Νίκης", "Οδός Αθηνάς"],
        number_first: false,
    },
    Country {
        code: "BG",
        currency: "EUR",
        tax_code: "EURC",
        tax_id: "BG",
        share: 40,
        names: &["Димитров", "Родопи", "Иванова", "Черно море", "Стоянов", "Розова долина"],
        trades: &["Транспорт", "Печатница", "Мебели", "Строителство", "Вино"],
        forms: &["ООД", "АД", "ЕООД"],
        cities: &[("1000", "София"), ("4000", "Пловдив"), ("9000", "Варна")],
        streets: &["бул. Витоша", "ул. Шипка", "ул. Опълченска"],
        number_first: false,
    },
    Country {
        code: "US",
        currency: "USD",
        tax_code: "",
        tax_id: "",
        share: 240,
        names: &[
            "O'Brien",
            "Zephyr",
            "Blue Ridge",
            "Cedar & Pine",
            "Harlow",
            "McAllister",
            "Lakeshore",
            "Granite",
            "Whitfield",
            "Sunbelt",
            "Two Rivers",
            "Prairie",
            "Old Harbor",
        ],
        trades: &[
            "Plumbing",
            "Freight",
            "Dental",
            "Hardware",
            "Catering",
            "Roofing",
            "Analytics",
            "Outfitters",
            "Landscaping",
            "Brewing",
            "Printing",
            "Veterinary",
        ],
        forms: &["Inc.", "LLC", "Co.", "Group"],
        cities: &[
            ("97201", "Portland"),
            ("60601", "Chicago"),
            ("73301", "Austin"),
            ("02108", "Boston"),
            ("80202", "Denver"),
            ("30303", "Atlanta"),
        ],
        streets: &["Main Street", "Oak Avenue", "3rd Street", "Harbor Drive", "Elm Street"],
        number_first: true,
    },
    Country {
        code: "UA",
        currency: "USD",
        tax_code: "EXPORT",
        tax_id: "",
        share: 40,
        names: &["Шевченко", "Дніпро", "Коваленко", "Зоря", "Їжачок", "Карпати"],
        trades: &["Логістика", "Друкарня", "Меблі", "Агро", "Зв'язок"],
        forms: &["ТОВ", "ПрАТ"],
        cities: &[("01001", "Київ"), ("79000", "Львів"), ("65000", "Одеса")],
        streets: &["вулиця Хрещатик", "проспект Свободи", "вулиця Дерибасівська"],
        number_first: false,
    },
    Country {
        code: "TR",
        currency: "USD",
        tax_code: "EXPORT",
        tax_id: "",
        share: 30,
        names: &["Yıldız", "Güneş", "Çağlar", "Şahin", "Ege", "İnci"],
        trades: &["Lojistik", "Mobilya", "Matbaa", "Tekstil", "Gıda"],
        forms: &["A.Ş.", "Ltd. Şti."],
        cities: &[("34110", "İstanbul"), ("06100", "Ankara"), ("35210", "İzmir")],
        streets: &["İstiklal Caddesi", "Atatürk Bulvarı", "Kordon Boyu"],
        number_first: false,
    },
    Country {
        code: "JP",
        currency: "JPY",
        tax_code: "JP10",
        tax_id: "T",
        share: 130,
        names: &["Hoshino", "Ōtani", "Sakura", "Kōgyō", "Minato", "Fujimoto", "Yūki", "Asahi"],
        trades: &["Shōji", "Seisakusho", "Unyu", "Insatsu", "Denki", "Shokuhin"],
        forms: &["K.K.", "G.K."],
        cities: &[
            ("100-0001", "Tōkyō"),
            ("530-0001", "Ōsaka"),
            ("460-0001", "Nagoya"),
            ("600-8001", "Kyōto"),
        ],
        streets: &["Marunouchi", "Umeda", "Sakae", "Shijō-dōri"],
        number_first: true,
    },
];

/// Names in scripts that few fonts have, spread over the book; those that no font of ours has could not
/// be posted.
const RARE: &[(&str, &str)] = &[
    ("JP", "東京商事株式会社"),
    ("JP", "株式会社さくら製作所"),
    ("JP", "有限会社みなと運輸"),
    ("US", "上海远航贸易有限公司"),
    ("US", "Северный путь ООО"),
    ("US", "Ήλιος & Υιοί ΑΕ"),
    ("JP", "株式会社東京製作所"),
    ("JP", "有限会社さくら運輸"),
];

/// One customer.
pub struct Person {
    /// Where.
    pub country: &'static Country,
    /// As printed.
    pub name: String,
    /// Street and number.
    pub street: String,
    pub postcode: &'static str,
    pub city: &'static str,
    /// E-mail address at an example domain.
    pub email: String,
    /// Tax id; empty where none is on file.
    pub tax_id: String,
}

/// The customer with this number.
pub fn person(dice: &mut Dice, number: u64) -> Person {
    let mut at = dice.below(1000);
    let mut country = &COUNTRIES[0];
    for one in COUNTRIES {
        country = one;
        if at < one.share {
            break;
        }
        at -= one.share;
    }
    let mut name = format!(
        "{} {} {}",
        dice.pick(country.names),
        dice.pick(country.trades),
        dice.pick(country.forms)
    );
    if number % 97 == 41 {
        let (code, rare) = dice.pick(RARE);
        rare.clone_into(&mut name);
        country = COUNTRIES.iter().find(|c| c.code == code).unwrap_or(country);
    }
    let (postcode, city) = dice.pick(country.cities);
    let (house, street) = (dice.between(1, 180), dice.pick(country.streets));
    let street = if country.number_first {
        format!("{house} {street}")
    } else {
        format!("{street} {house}")
    };
    let domain = dice.pick(&["example.com", "example.org", "example.net"]);
    let box_name = dice.pick(&["ap", "invoices", "billing", "accounts"]);
    let tax_id = if country.tax_id.is_empty() {
        String::new()
    } else {
        format!("{}{:09}", country.tax_id, 100_000_000 + number * 37)
    };
    let email = format!("{box_name}.{number:05}@{domain}");
    Person { country, name, street, postcode, city, email, tax_id }
}

/// An ordinary customer with a name that says nothing: the first country, whatever the dice say.
pub fn plain(number: u64) -> Person {
    let mut dice = Dice::of(0x70_6c_61_69_6e, number);
    let mut found = person(&mut dice, number);
    while found.country.code != "DE" {
        found = person(&mut dice, number);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_and_every_text_may_be_stored() {
        assert_eq!(COUNTRIES.iter().map(|c| c.share).sum::<u64>(), 1000);
        for number in 0..3000 {
            let person = person(&mut Dice::of(1, number), number);
            for text in [&person.name, &person.street, &person.tax_id] {
                assert_eq!(crate::domain::text::check(text, 200), Ok(()), "{text}");
                assert_eq!(crate::domain::text::refuse_card_number(text), Ok(()), "{text}");
            }
        }
    }
}
