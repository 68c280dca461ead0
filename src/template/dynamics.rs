//! Dynamic variables: the ones made at the moment of use. Names are those Postman uses.
//!
//! The clock and the seed come from the caller, so that a test can say what comes out.

use super::words::*;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};

/// What dynamic variables are made from. Each use draws anew; the same seed gives the same draws.
#[derive(Debug)]
pub struct Dynamics {
    /// The time they tell.
    pub now: Timestamp,
    seed: u64,
    draws: AtomicU64,
}

impl Dynamics {
    /// From the caller's clock and a seed (random, save in tests).
    pub fn new(now: Timestamp, seed: u64) -> Dynamics {
        Dynamics { now, seed, draws: AtomicU64::new(0) }
    }

    /// A value for a name such as `$guid`; `None` for a name that is none.
    pub fn value(&self, name: &str) -> Option<String> {
        let name = name.strip_prefix('$')?;
        let draw = self.draws.fetch_add(1, Ordering::Relaxed);
        let mut rng = Rng::with_seed(self.seed ^ draw.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        make(name, self.now, &mut rng)
    }
}

/// The names of all dynamic variables, `$` included.
pub fn dynamic_names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied()
}

const NAMES: &[&str] = &[
    "$uuid",
    "$guid",
    "$timestamp",
    "$isoTimestamp",
    "$randomUUID",
    "$randomAlphaNumeric",
    "$randomBoolean",
    "$randomInt",
    "$randomColor",
    "$randomHexColor",
    "$randomAbbreviation",
    "$randomIP",
    "$randomIPV6",
    "$randomMACAddress",
    "$randomPassword",
    "$randomLocale",
    "$randomUserAgent",
    "$randomProtocol",
    "$randomSemver",
    "$randomFirstName",
    "$randomLastName",
    "$randomFullName",
    "$randomNamePrefix",
    "$randomNameSuffix",
    "$randomJobArea",
    "$randomJobDescriptor",
    "$randomJobTitle",
    "$randomJobType",
    "$randomPhoneNumber",
    "$randomPhoneNumberExt",
    "$randomCity",
    "$randomStreetName",
    "$randomStreetAddress",
    "$randomCountry",
    "$randomCountryCode",
    "$randomLatitude",
    "$randomLongitude",
    "$randomAvatarImage",
    "$randomImageUrl",
    "$randomAbstractImage",
    "$randomAnimalsImage",
    "$randomBusinessImage",
    "$randomCatsImage",
    "$randomCityImage",
    "$randomFoodImage",
    "$randomNightlifeImage",
    "$randomFashionImage",
    "$randomPeopleImage",
    "$randomNatureImage",
    "$randomSportsImage",
    "$randomTransportImage",
    "$randomImageDataUri",
    "$randomBankAccount",
    "$randomBankAccountName",
    "$randomCreditCardMask",
    "$randomBankAccountBic",
    "$randomBankAccountIban",
    "$randomTransactionType",
    "$randomCurrencyCode",
    "$randomCurrencyName",
    "$randomCurrencySymbol",
    "$randomBitcoin",
    "$randomCompanyName",
    "$randomCompanySuffix",
    "$randomBs",
    "$randomBsAdjective",
    "$randomBsBuzz",
    "$randomBsNoun",
    "$randomCatchPhrase",
    "$randomCatchPhraseAdjective",
    "$randomCatchPhraseDescriptor",
    "$randomCatchPhraseNoun",
    "$randomDatabaseColumn",
    "$randomDatabaseType",
    "$randomDatabaseCollation",
    "$randomDatabaseEngine",
    "$randomDateFuture",
    "$randomDatePast",
    "$randomDateRecent",
    "$randomWeekday",
    "$randomMonth",
    "$randomDomainName",
    "$randomDomainSuffix",
    "$randomDomainWord",
    "$randomEmail",
    "$randomExampleEmail",
    "$randomUserName",
    "$randomUrl",
    "$randomFileName",
    "$randomFileType",
    "$randomFileExt",
    "$randomCommonFileName",
    "$randomCommonFileType",
    "$randomCommonFileExt",
    "$randomFilePath",
    "$randomDirectoryPath",
    "$randomMimeType",
    "$randomPrice",
    "$randomProduct",
    "$randomProductAdjective",
    "$randomProductMaterial",
    "$randomProductName",
    "$randomDepartment",
    "$randomNoun",
    "$randomVerb",
    "$randomIngverb",
    "$randomAdjective",
    "$randomWord",
    "$randomWords",
    "$randomPhrase",
    "$randomLoremWord",
    "$randomLoremWords",
    "$randomLoremSentence",
    "$randomLoremSentences",
    "$randomLoremParagraph",
    "$randomLoremParagraphs",
    "$randomLoremText",
    "$randomLoremSlug",
    "$randomLoremLines",
];

fn pick<T: Copy>(rng: &mut Rng, list: &[T]) -> T {
    list[rng.usize(..list.len())]
}

fn digits(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| rng.digit(10)).collect()
}

fn some_of(rng: &mut Rng, count: usize, alphabet: &str) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    (0..count).map(|_| pick(rng, &alphabet)).collect()
}

fn uuid(rng: &mut Rng) -> String {
    uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid().to_string()
}

fn lorem(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| pick(rng, LOREM)).collect::<Vec<_>>().join(" ")
}

fn sentence(rng: &mut Rng) -> String {
    let count = rng.usize(4..10);
    capital(&lorem(rng, count)) + "."
}

fn sentences(rng: &mut Rng, count: usize, between: &str) -> String {
    (0..count).map(|_| sentence(rng)).collect::<Vec<_>>().join(between)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn image(rng: &mut Rng, kind: &str) -> String {
    format!("https://images.example.com/640/480/{kind}?n={}", rng.u16(..))
}

fn days(now: Timestamp, days: i64) -> String {
    now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(now).to_string()
}

/// One value; nested calls draw further from the same generator.
fn make(name: &str, now: Timestamp, rng: &mut Rng) -> Option<String> {
    let again = |rng: &mut Rng, name: &str| make(name, now, rng).unwrap_or_default();
    let millisecond = now.as_millisecond();
    Some(match name {
        "uuid" | "guid" | "randomUUID" => uuid(rng),
        "timestamp" => now.as_second().to_string(),
        "isoTimestamp" => {
            let cut = Timestamp::from_millisecond(millisecond).unwrap_or(now);
            format!("{cut:.3}")
        }
        "randomAlphaNumeric" => some_of(rng, 1, "abcdefghijklmnopqrstuvwxyz0123456789"),
        "randomBoolean" => rng.bool().to_string(),
        "randomInt" => rng.u32(0..=1000).to_string(),
        "randomColor" => pick(rng, COLOR).into(),
        "randomHexColor" => format!("#{:06x}", rng.u32(..0x100_0000)),
        "randomAbbreviation" => pick(rng, ABBREVIATION).into(),
        "randomIP" => format!("{}.{}.{}.{}", rng.u8(1..224), rng.u8(..), rng.u8(..), rng.u8(1..)),
        "randomIPV6" => (0..8).map(|_| format!("{:04x}", rng.u16(..))).collect::<Vec<_>>().join(":"),
        "randomMACAddress" => (0..6).map(|_| format!("{:02x}", rng.u8(..))).collect::<Vec<_>>().join(":"),
        "randomPassword" => {
            some_of(rng, 15, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
        }
        "randomLocale" => pick(rng, LOCALE).into(),
        "randomUserAgent" => pick(rng, AGENT).into(),
        "randomProtocol" => pick(rng, &["http", "https"]).into(),
        "randomSemver" => format!("{}.{}.{}", rng.u8(..10), rng.u8(..10), rng.u8(..10)),
        "randomFirstName" => pick(rng, FIRST).into(),
        "randomLastName" => pick(rng, LAST).into(),
        "randomFullName" => format!("{} {}", pick(rng, FIRST), pick(rng, LAST)),
        "randomNamePrefix" => pick(rng, PREFIX).into(),
        "randomNameSuffix" => pick(rng, SUFFIX).into(),
        "randomJobArea" => pick(rng, JOB_AREA).into(),
        "randomJobDescriptor" => pick(rng, JOB_DESCRIPTOR).into(),
        "randomJobType" => pick(rng, JOB_TYPE).into(),
        "randomJobTitle" => {
            format!("{} {} {}", pick(rng, JOB_DESCRIPTOR), pick(rng, JOB_AREA), pick(rng, JOB_TYPE))
        }
        // 555-01xx is set aside for fiction.
        "randomPhoneNumber" => format!("{}-555-01{}", rng.u16(201..990), digits(rng, 2)),
        "randomPhoneNumberExt" => format!("{}-{}-555-01{}", rng.u8(1..100), rng.u16(201..990), digits(rng, 2)),
        "randomCity" => pick(rng, CITY).into(),
        "randomStreetName" => pick(rng, STREET).into(),
        "randomStreetAddress" => format!("{} {}", rng.u16(1..9999), pick(rng, STREET)),
        "randomCountry" => pick(rng, COUNTRY).0.into(),
        "randomCountryCode" => pick(rng, COUNTRY).1.into(),
        "randomLatitude" => format!("{:.4}", rng.f64() * 180.0 - 90.0),
        "randomLongitude" => format!("{:.4}", rng.f64() * 360.0 - 180.0),
        "randomAvatarImage" => image(rng, "avatar"),
        "randomImageUrl" => image(rng, "any"),
        "randomImageDataUri" => {
            "data:image/svg+xml;charset=UTF-8,%3Csvg%20xmlns%3D%22http%3A%2F%2Fwww.w3.org%2F2000%2Fsvg%22%2F%3E".into()
        }
        "randomBankAccount" => digits(rng, 8),
        "randomBankAccountName" => pick(rng, ACCOUNT).into(),
        "randomCreditCardMask" => digits(rng, 4),
        "randomBankAccountBic" => {
            let bank = some_of(rng, 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
            format!("{bank}{}2{}", pick(rng, COUNTRY).1, digits(rng, 1))
        }
        "randomBankAccountIban" => iban(rng),
        "randomTransactionType" => pick(rng, TRANSACTION).into(),
        "randomCurrencyCode" => pick(rng, CURRENCY).0.into(),
        "randomCurrencyName" => pick(rng, CURRENCY).1.into(),
        "randomCurrencySymbol" => pick(rng, CURRENCY).2.into(),
        "randomBitcoin" => {
            let rest = some_of(rng, 33, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");
            format!("3{rest}")
        }
        "randomCompanyName" => format!("{} {}", pick(rng, LAST), pick(rng, COMPANY_SUFFIX)),
        "randomCompanySuffix" => pick(rng, COMPANY_SUFFIX).into(),
        "randomBs" => format!("{} {} {}", pick(rng, BS_VERB), pick(rng, BS_ADJECTIVE), pick(rng, BS_NOUN)),
        "randomBsAdjective" => pick(rng, BS_ADJECTIVE).into(),
        "randomBsBuzz" => pick(rng, BS_VERB).into(),
        "randomBsNoun" => pick(rng, BS_NOUN).into(),
        "randomCatchPhrase" => {
            let (a, b, c) = (pick(rng, CATCH_ADJECTIVE), pick(rng, CATCH_DESCRIPTOR), pick(rng, CATCH_NOUN));
            format!("{a} {b} {c}")
        }
        "randomCatchPhraseAdjective" => pick(rng, CATCH_ADJECTIVE).into(),
        "randomCatchPhraseDescriptor" => pick(rng, CATCH_DESCRIPTOR).into(),
        "randomCatchPhraseNoun" => pick(rng, CATCH_NOUN).into(),
        "randomDatabaseColumn" => pick(rng, DB_COLUMN).into(),
        "randomDatabaseType" => pick(rng, DB_TYPE).into(),
        "randomDatabaseCollation" => pick(rng, DB_COLLATION).into(),
        "randomDatabaseEngine" => pick(rng, DB_ENGINE).into(),
        "randomDateFuture" => days(now, rng.i64(1..365)),
        "randomDatePast" => days(now, -rng.i64(1..365)),
        "randomDateRecent" => {
            now.checked_sub(SignedDuration::from_secs(rng.i64(1..86_400))).unwrap_or(now).to_string()
        }
        "randomWeekday" => pick(rng, WEEKDAY).into(),
        "randomMonth" => pick(rng, MONTH).into(),
        "randomDomainWord" => pick(rng, LAST).to_lowercase(),
        "randomDomainSuffix" => pick(rng, &["com", "net", "org"]).into(),
        // Names below `example.…` belong to nobody (RFC 2606), so no test mail reaches a stranger.
        "randomDomainName" => format!("{}.example.{}", again(rng, "randomDomainWord"), again(rng, "randomDomainSuffix")),
        "randomUserName" => format!("{}.{}{}", pick(rng, FIRST), pick(rng, LAST), rng.u8(..100)).to_lowercase(),
        "randomEmail" => format!("{}@{}", again(rng, "randomUserName"), again(rng, "randomDomainName")),
        "randomExampleEmail" => {
            format!("{}@example.{}", again(rng, "randomUserName"), again(rng, "randomDomainSuffix"))
        }
        "randomUrl" => format!("https://{}", again(rng, "randomDomainName")),
        "randomFileName" | "randomCommonFileName" => {
            format!("{}_{}.{}", pick(rng, NOUN), pick(rng, LOREM), pick(rng, FILE).0)
        }
        "randomFileType" | "randomCommonFileType" => pick(rng, FILE).1.into(),
        "randomFileExt" | "randomCommonFileExt" => pick(rng, FILE).0.into(),
        "randomFilePath" => format!("{}/{}", pick(rng, DIRECTORY), again(rng, "randomFileName")),
        "randomDirectoryPath" => pick(rng, DIRECTORY).into(),
        "randomMimeType" => pick(rng, FILE).2.into(),
        "randomPrice" => format!("{}.{:02}", rng.u16(1..1000), rng.u8(..100)),
        "randomProduct" => pick(rng, PRODUCT).into(),
        "randomProductAdjective" => pick(rng, PRODUCT_ADJECTIVE).into(),
        "randomProductMaterial" => pick(rng, MATERIAL).into(),
        "randomProductName" => {
            format!("{} {} {}", pick(rng, PRODUCT_ADJECTIVE), pick(rng, MATERIAL), pick(rng, PRODUCT))
        }
        "randomDepartment" => pick(rng, DEPARTMENT).into(),
        "randomNoun" => pick(rng, NOUN).into(),
        "randomVerb" => pick(rng, VERB).into(),
        "randomIngverb" => pick(rng, INGVERB).into(),
        "randomAdjective" => pick(rng, ADJECTIVE).into(),
        "randomWord" => {
            let list = pick(rng, &[NOUN, VERB, ADJECTIVE]);
            pick(rng, list).into()
        }
        "randomWords" => {
            let count = rng.usize(2..6);
            (0..count).map(|_| again(rng, "randomWord")).collect::<Vec<_>>().join(" ")
        }
        "randomPhrase" => {
            let (verb, adjective, noun) = (pick(rng, VERB), pick(rng, ADJECTIVE), pick(rng, NOUN));
            capital(&format!("{verb} the {adjective} {noun}!"))
        }
        "randomLoremWord" => pick(rng, LOREM).into(),
        "randomLoremWords" => lorem(rng, 3),
        "randomLoremSentence" => sentence(rng),
        "randomLoremSentences" => sentences(rng, 3, " "),
        "randomLoremParagraph" | "randomLoremText" => sentences(rng, 5, " "),
        "randomLoremParagraphs" => {
            (0..3).map(|_| sentences(rng, 4, " ")).collect::<Vec<_>>().join("\n \r")
        }
        "randomLoremSlug" => lorem(rng, 3).replace(' ', "-"),
        "randomLoremLines" => sentences(rng, 3, "\n"),
        other => {
            let kind = other.strip_prefix("random")?.strip_suffix("Image")?.to_lowercase();
            let kind = IMAGE.iter().find(|known| **known == kind)?;
            image(rng, kind)
        }
    })
}

/// An IBAN of a country without national check digits, its own check digits right (ISO 7064).
fn iban(rng: &mut Rng) -> String {
    let account = digits(rng, 18);
    // `DE00` as digits: D is 13, E is 14.
    let number = format!("{account}131400");
    let rest = number.bytes().fold(0_u64, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % 97);
    format!("DE{:02}{account}", 98 - rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dynamics() -> Dynamics {
        Dynamics::new(Timestamp::from_millisecond(1_764_000_000_123).unwrap(), 42)
    }

    #[test]
    fn every_name_gives_a_value_and_other_names_none() {
        let d = dynamics();
        for name in dynamic_names() {
            assert!(d.value(name).is_some_and(|v| !v.is_empty()), "{name}");
        }
        assert_eq!((d.value("$randomNothing"), d.value("guid"), d.value("$randomImage")), (None, None, None));
    }

    #[test]
    fn times_are_the_callers() {
        let d = dynamics();
        assert_eq!(d.value("$timestamp").unwrap(), "1764000000");
        assert_eq!(d.value("$isoTimestamp").unwrap(), "2025-11-24T16:00:00.123Z");
    }

    #[test]
    fn a_uuid_is_a_version_4_one_and_the_seed_decides_it() {
        let (a, b) = (dynamics().value("$guid").unwrap(), dynamics().value("$uuid").unwrap());
        assert_eq!(a, b);
        assert_eq!(uuid::Uuid::parse_str(&a).unwrap().get_version_num(), 4);
    }

    #[test]
    fn a_random_int_lies_between_0_and_1000() {
        let d = dynamics();
        assert!((0..500).all(|_| d.value("$randomInt").unwrap().parse::<u32>().unwrap() <= 1000));
    }
}
