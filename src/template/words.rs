//! Small lists for the `{{$random…}}` variables. Invented or everyday words; none names a real person.

pub(super) const FIRST: &[&str] = &[
    "Ada", "Amir", "Anna", "Bela", "Carlos", "Dana", "Elif", "Emil", "Fatou", "Grace", "Hana", "Ines",
    "Ivan", "Jonas", "Kira", "Lars", "Lena", "Mei", "Milan", "Nia", "Omar", "Petra", "Ravi", "Sofia",
    "Tomas", "Yara",
];
pub(super) const LAST: &[&str] = &[
    "Abbott", "Becker", "Castro", "Dvorak", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jansen",
    "Kovacs", "Lopez", "Moreau", "Novak", "Okafor", "Petrov", "Quinn", "Rossi", "Singh", "Tanaka", "Urban",
    "Weber",
];
pub(super) const CITY: &[&str] = &[
    "Alderford",
    "Brookhaven",
    "Calderon",
    "Dunmore",
    "Eastwick",
    "Fairholt",
    "Glenrock",
    "Harborview",
    "Kingsbury",
    "Lakeside",
    "Millbrook",
    "Northfield",
    "Oakridge",
    "Riverton",
    "Stonebridge",
    "Westport",
];
pub(super) const STREET: &[&str] = &[
    "Ash Lane",
    "Bridge Street",
    "Church Road",
    "Elm Street",
    "Garden Way",
    "High Street",
    "Lake Drive",
    "Mill Road",
];
pub(super) const COUNTRY: &[(&str, &str)] = &[
    ("Austria", "AT"),
    ("Brazil", "BR"),
    ("Canada", "CA"),
    ("Denmark", "DK"),
    ("Egypt", "EG"),
    ("France", "FR"),
    ("Germany", "DE"),
    ("India", "IN"),
    ("Japan", "JP"),
    ("Kenya", "KE"),
    ("Mexico", "MX"),
    ("Norway", "NO"),
    ("Poland", "PL"),
    ("Spain", "ES"),
    ("Turkey", "TR"),
    ("United States", "US"),
];
pub(super) const LOCALE: &[&str] = &["de", "en", "es", "fr", "hi", "it", "ja", "nl", "pl", "pt", "sv", "tr"];
pub(super) const COLOR: &[&str] = &[
    "azure", "black", "blue", "cyan", "gold", "green", "grey", "indigo", "lime", "orange", "pink", "red",
    "white",
];
pub(super) const ABBREVIATION: &[&str] =
    &["API", "CSS", "DNS", "FTP", "HTTP", "JSON", "RAM", "SQL", "SSL", "TCP", "USB", "XML"];
pub(super) const AGENT: &[&str] = &[
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
];
pub(super) const PREFIX: &[&str] = &["Dr.", "Miss", "Mr.", "Mrs.", "Ms."];
pub(super) const SUFFIX: &[&str] = &["I", "II", "III", "Jr.", "MD", "PhD", "Sr."];
pub(super) const JOB_AREA: &[&str] =
    &["Accounts", "Data", "Integration", "Marketing", "Operations", "Quality", "Security"];
pub(super) const JOB_DESCRIPTOR: &[&str] =
    &["Chief", "District", "Global", "Junior", "Lead", "Principal", "Senior"];
pub(super) const JOB_TYPE: &[&str] =
    &["Analyst", "Architect", "Developer", "Engineer", "Manager", "Planner", "Tester"];
pub(super) const IMAGE: &[&str] = &[
    "abstract",
    "animals",
    "business",
    "cats",
    "city",
    "fashion",
    "food",
    "nature",
    "nightlife",
    "people",
    "sports",
    "transport",
];
pub(super) const ACCOUNT: &[&str] =
    &["Checking Account", "Credit Card Account", "Investment Account", "Savings Account"];
pub(super) const TRANSACTION: &[&str] = &["deposit", "invoice", "payment", "withdrawal"];
pub(super) const CURRENCY: &[(&str, &str, &str)] = &[
    ("EUR", "Euro", "€"),
    ("USD", "US Dollar", "$"),
    ("GBP", "Pound Sterling", "£"),
    ("JPY", "Yen", "¥"),
    ("INR", "Indian Rupee", "₹"),
    ("CHF", "Swiss Franc", "CHF"),
    ("PLN", "Zloty", "zł"),
    ("SEK", "Swedish Krona", "kr"),
];
pub(super) const COMPANY_SUFFIX: &[&str] = &["and Sons", "Group", "Inc", "LLC"];
pub(super) const BS_VERB: &[&str] =
    &["aggregate", "deliver", "enable", "integrate", "orchestrate", "scale", "streamline"];
pub(super) const BS_ADJECTIVE: &[&str] =
    &["cross-platform", "distributed", "end-to-end", "global", "real-time", "robust"];
pub(super) const BS_NOUN: &[&str] =
    &["channels", "interfaces", "markets", "networks", "platforms", "services", "systems"];
pub(super) const CATCH_ADJECTIVE: &[&str] =
    &["Adaptive", "Balanced", "Focused", "Open", "Reliable", "Secure", "Universal"];
pub(super) const CATCH_DESCRIPTOR: &[&str] =
    &["24-hour", "asynchronous", "local", "modular", "scalable", "stable"];
pub(super) const CATCH_NOUN: &[&str] =
    &["archive", "database", "framework", "hub", "interface", "portal", "toolset"];
pub(super) const DB_COLUMN: &[&str] =
    &["amount", "createdAt", "email", "id", "name", "status", "title", "updatedAt"];
pub(super) const DB_TYPE: &[&str] =
    &["bigint", "blob", "boolean", "date", "decimal", "int", "text", "timestamp", "varchar"];
pub(super) const DB_COLLATION: &[&str] =
    &["ascii_bin", "cp1250_general_ci", "utf8_bin", "utf8_general_ci", "utf8_unicode_ci"];
pub(super) const DB_ENGINE: &[&str] = &["ARCHIVE", "BLACKHOLE", "CSV", "InnoDB", "MEMORY", "MyISAM"];
pub(super) const WEEKDAY: &[&str] =
    &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(super) const MONTH: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const FILE: &[(&str, &str, &str)] = &[
    ("csv", "text", "text/csv"),
    ("gif", "image", "image/gif"),
    ("html", "text", "text/html"),
    ("jpeg", "image", "image/jpeg"),
    ("json", "application", "application/json"),
    ("mp3", "audio", "audio/mpeg"),
    ("mp4", "video", "video/mp4"),
    ("pdf", "application", "application/pdf"),
    ("png", "image", "image/png"),
    ("txt", "text", "text/plain"),
    ("xml", "application", "application/xml"),
    ("zip", "application", "application/zip"),
];
pub(super) const DIRECTORY: &[&str] =
    &["/etc/app", "/home/user/docs", "/opt/data", "/srv/files", "/tmp/work", "/var/lib/app"];
pub(super) const PRODUCT: &[&str] =
    &["Bag", "Bike", "Chair", "Hat", "Keyboard", "Lamp", "Mouse", "Shirt", "Shoes", "Table"];
pub(super) const PRODUCT_ADJECTIVE: &[&str] =
    &["Handmade", "Licensed", "Practical", "Refined", "Rustic", "Sleek", "Small"];
pub(super) const MATERIAL: &[&str] = &["Cotton", "Granite", "Metal", "Plastic", "Rubber", "Steel", "Wooden"];
pub(super) const DEPARTMENT: &[&str] =
    &["Books", "Garden", "Grocery", "Home", "Music", "Outdoors", "Sports", "Tools", "Toys"];
pub(super) const NOUN: &[&str] =
    &["alarm", "array", "bus", "card", "driver", "feed", "firewall", "matrix", "panel", "sensor"];
pub(super) const VERB: &[&str] =
    &["back up", "bypass", "calculate", "compress", "connect", "copy", "index", "parse", "transmit"];
pub(super) const INGVERB: &[&str] =
    &["bypassing", "calculating", "compressing", "connecting", "copying", "indexing", "parsing"];
pub(super) const ADJECTIVE: &[&str] = &[
    "auxiliary",
    "bluetooth",
    "digital",
    "mobile",
    "neural",
    "online",
    "optical",
    "solid state",
    "virtual",
    "wireless",
];
pub(super) const LOREM: &[&str] = &[
    "amet",
    "aut",
    "consequatur",
    "dolor",
    "dolorem",
    "ea",
    "eos",
    "et",
    "eum",
    "fuga",
    "id",
    "illum",
    "in",
    "ipsum",
    "iure",
    "lorem",
    "magni",
    "minima",
    "nemo",
    "non",
    "omnis",
    "porro",
    "quasi",
    "qui",
    "quo",
    "rerum",
    "sed",
    "sit",
    "sunt",
    "tempora",
    "totam",
    "ut",
    "velit",
    "vero",
    "voluptas",
];
