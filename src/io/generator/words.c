#include "io/generator/words.h"

#include <glib.h>

static const char *const first_names_female_list[] = {
    "Ada",     "Agnes",   "Alba",   "Alma",   "Amina",  "Anita",  "Anya",  "Beatrix", "Bella",
    "Bridget", "Carmen",  "Celia",  "Clara",  "Dana",   "Daphne", "Delia", "Edith",   "Elena",
    "Elsa",    "Esme",    "Fatima", "Fern",   "Flora",  "Gemma",  "Greta", "Hana",    "Hazel",
    "Helga",   "Ida",     "Ines",   "Ingrid", "Iris",   "Ivy",    "Jade",  "Joan",    "June",
    "Kaya",    "Keira",   "Lena",   "Lila",   "Linnea", "Lois",   "Lydia", "Mabel",   "Maeve",
    "Mara",    "Marta",   "Mei",    "Mina",   "Nadia",  "Nell",   "Noor",  "Odette",  "Olga",
    "Opal",    "Paloma",  "Petra",  "Priya",  "Ramona", "Rhea",   "Rosa",  "Ruth",    "Sabine",
    "Selma",   "Soledad", "Sunita", "Tamsin", "Tessa",  "Thea",   "Una",   "Ursula",  "Vera",
    "Viola",   "Wanda",   "Willa",  "Yara",   "Yumi",   "Zelda",  "Zora"};
const Words first_names_female = {first_names_female_list, G_N_ELEMENTS(first_names_female_list)};

static const char *const first_names_male_list[] = {
    "Abel",    "Adrian", "Ahmed",   "Alan",   "Amos",    "Andre",  "Angus", "Arlo",   "Bashir",
    "Basil",   "Bram",   "Caleb",   "Cedric", "Clement", "Conrad", "Cyrus", "Dario",  "Desmond",
    "Dimitri", "Edgar",  "Edwin",   "Emil",   "Enzo",    "Ezra",   "Felix", "Fergus", "Fidel",
    "Floyd",   "Gideon", "Gustav",  "Hank",   "Harvey",  "Hiro",   "Hugo",  "Ian",    "Ignatius",
    "Ivan",    "Jasper", "Joel",    "Jonas",  "Jude",    "Kamal",  "Karl",  "Kofi",   "Lars",
    "Leon",    "Linus",  "Lorenzo", "Magnus", "Malik",   "Marlon", "Mateo", "Milo",   "Moses",
    "Nestor",  "Nils",   "Noel",    "Omar",   "Orson",   "Oscar",  "Otto",  "Pavel",  "Percy",
    "Quentin", "Rafael", "Ravi",    "Rex",    "Roland",  "Rufus",  "Samir", "Silas",  "Sven",
    "Tariq",   "Tobias", "Ulrich",  "Victor", "Wendell", "Xavier", "Yusuf", "Zane"};
const Words first_names_male = {first_names_male_list, G_N_ELEMENTS(first_names_male_list)};

static const char *const name_heads_list[] = {
    "Ald",   "Arn", "Ash",  "Bar",  "Beck", "Bell", "Blan", "Bor",  "Bran",  "Brin", "Cald",
    "Car",   "Cas", "Cor",  "Cran", "Dal",  "Dar",  "Del",  "Dorn", "Dun",   "Eld",  "Ember",
    "Fal",   "Fen", "Finn", "Gal",  "Gar",  "Gil",  "Gran", "Hal",  "Har",   "Hart", "Hol",
    "Hux",   "Ing", "Jar",  "Kel",  "Kes",  "Kin",  "Lam",  "Lan",  "Lin",   "Lor",  "Mal",
    "Mar",   "Mer", "Mor",  "Nor",  "Oak",  "Or",   "Pem",  "Pen",  "Quin",  "Ral",  "Ras",
    "Rowan", "Sal", "San",  "Sel",  "Sher", "Stan", "Tal",  "Tam",  "Thorn", "Tor",  "Ul",
    "Van",   "Vel", "Wal",  "War",  "Wes",  "Whit", "Win",  "Yar",  "Zel"};
const Words name_heads = {name_heads_list, G_N_ELEMENTS(name_heads_list)};

static const char *const name_tails_list[] = {
    "bach", "berg", "beck", "born",  "bridge", "brook", "burn",  "by",    "cott", "croft", "dahl",
    "dale", "den",  "don",  "dorf",  "ell",    "er",    "feld",  "field", "ford", "gate",  "grove",
    "ham",  "hart", "holm", "hurst", "ington", "ison",  "kin",   "land",  "ley",  "lin",   "lock",
    "low",  "man",  "mere", "mond",  "more",   "nell",  "ner",   "ridge", "rin",  "rose",  "sby",
    "sen",  "shaw", "son",  "stead", "stein",  "stone", "strom", "ter",   "ton",  "vale",  "vin",
    "ward", "way",  "well", "wick",  "win",    "wood",  "worth"};
const Words name_tails = {name_tails_list, G_N_ELEMENTS(name_tails_list)};

static const char *const town_heads_list[] = {
    "Alder",  "Amber",  "Ash",    "Bald",   "Bay",     "Bear",   "Birch",  "Black", "Brant",
    "Brook",  "Cedar",  "Clay",   "Cold",   "Copper",  "Crow",   "Deer",   "Dove",  "Eagle",
    "Elm",    "Fair",   "Falcon", "Fern",   "Flint",   "Fox",    "Glen",   "Gold",  "Granite",
    "Green",  "Grey",   "Hawk",   "Hazel",  "Hemlock", "High",   "Holly",  "Iron",  "Juniper",
    "Lark",   "Laurel", "Lime",   "Linden", "Long",    "Maple",  "Marble", "Marsh", "Mill",
    "Moss",   "North",  "Oak",    "Otter",  "Owl",     "Pearl",  "Pine",   "Plum",  "Quail",
    "Quarry", "Raven",  "Red",    "Reed",   "River",   "Rock",   "Rose",   "Rush",  "Sage",
    "Salt",   "Sand",   "Silver", "Slate",  "Spring",  "Stone",  "Summer", "Swan",  "Thorn",
    "Timber", "West",   "Wheat",  "White",  "Wild",    "Willow", "Winter", "Wolf"};
const Words town_heads = {town_heads_list, G_N_ELEMENTS(town_heads_list)};

static const char *const town_tails_list[] = {
    "bank",  "bluff", "borough", "bridge", "brook", "burg", "burn",  "bury",  "by",   "cliff",
    "crest", "dale",  "down",    "fall",   "field", "ford", "gate",  "grove", "ham",  "haven",
    "hill",  "holm",  "hurst",   "land",   "ley",   "mere", "mill",  "mont",  "moor", "mouth",
    "point", "pool",  "port",    "ridge",  "shore", "side", "stead", "ton",   "vale", "view",
    "ville", "water", "well",    "wick",   "wood",  "worth"};
const Words town_tails = {town_tails_list, G_N_ELEMENTS(town_tails_list)};

static const char *const town_prefixes_list[] = {"East",  "Fort", "Lake", "Lower", "Mount", "New",
                                                 "North", "Old",  "Port", "South", "Upper", "West"};
const Words town_prefixes = {town_prefixes_list, G_N_ELEMENTS(town_prefixes_list)};

static const char *const street_names_list[] = {
    "Acorn",    "Alpine",   "Apple",    "Arbor",   "Aspen",   "Barley",   "Beacon",   "Bishop",
    "Bluebird", "Brewer",   "Bridge",   "Canal",   "Canyon",  "Castle",   "Chapel",   "Cherry",
    "Chestnut", "Church",   "Clover",   "College", "Cooper",  "Cottage",  "Creek",    "Crescent",
    "Dogwood",  "Eastern",  "Ferry",    "Fisher",  "Forest",  "Foundry",  "Garden",   "Harbor",
    "Harvest",  "Heron",    "Hickory",  "Hilltop", "Ivy",     "Juniper",  "Kiln",     "Lantern",
    "Lavender", "Lilac",    "Market",   "Meadow",  "Mercer",  "Miller",   "Monument", "Mulberry",
    "Nectar",   "Northern", "Olive",    "Orchard", "Osprey",  "Park",     "Peach",    "Pebble",
    "Pheasant", "Pioneer",  "Poplar",   "Prairie", "Quarry",  "Railroad", "Saddle",   "Sawmill",
    "School",   "Shepherd", "Southern", "Spruce",  "Station", "Sunset",   "Sycamore", "Tanner",
    "Thistle",  "Tower",    "Union",    "Valley",  "Vine",    "Walnut",   "Water",    "Weaver",
    "Western",  "Wharf",    "Windmill", "Yarrow"};
const Words street_names = {street_names_list, G_N_ELEMENTS(street_names_list)};

static const char *const street_kinds_list[] = {
    "Avenue",  "Bend",   "Circle",  "Court",  "Cove", "Crossing", "Drive",
    "Gardens", "Glen",   "Heights", "Hollow", "Lane", "Loop",     "Parkway",
    "Path",    "Pike",   "Place",   "Ridge",  "Road", "Row",      "Run",
    "Square",  "Street", "Terrace", "Trail",  "View", "Walk",     "Way"};
const Words street_kinds = {street_kinds_list, G_N_ELEMENTS(street_kinds_list)};

static const char *const job_fields_list[] = {
    "Aerospace",  "Agricultural", "Archive",    "Broadcast", "Building",     "Ceramics",
    "Chemical",   "Clinical",     "Commercial", "Community", "Conservation", "Customs",
    "Dairy",      "Data",         "Dental",     "Digital",   "Education",    "Electrical",
    "Energy",     "Exhibition",   "Fashion",    "Film",      "Financial",    "Fisheries",
    "Food",       "Forestry",     "Furniture",  "Garden",    "Glass",        "Harbour",
    "Health",     "Heritage",     "Hospital",   "Hotel",     "Housing",      "Insurance",
    "Laboratory", "Legal",        "Library",    "Marine",    "Materials",    "Media",
    "Mining",     "Museum",       "Music",      "Nursery",   "Optical",      "Packaging",
    "Paper",      "Pharmacy",     "Printing",   "Public",    "Quality",      "Radio",
    "Railway",    "Records",      "Retail",     "Road",      "Safety",       "School",
    "Solar",      "Sports",       "Structural", "Tax",       "Textile",      "Theatre",
    "Tourism",    "Transport",    "Veterinary", "Water",     "Wildlife",     "Youth"};
const Words job_fields = {job_fields_list, G_N_ELEMENTS(job_fields_list)};

static const char *const job_roles_list[] = {
    "adviser",    "analyst",  "assistant", "buyer",      "coordinator", "designer",
    "editor",     "engineer", "inspector", "manager",    "officer",     "planner",
    "researcher", "surveyor", "teacher",   "technician", "therapist",   "trainer"};
const Words job_roles = {job_roles_list, G_N_ELEMENTS(job_roles_list)};

static const char *const company_kinds_list[] = {"and Sons", "and Daughters", "Group", "Inc",
                                                 "LLC",      "Ltd",           "PLC"};
const Words company_kinds = {company_kinds_list, G_N_ELEMENTS(company_kinds_list)};

/* About the populations of 2020; where one state has several regions, its people are shared out. */
// clang-format off: a table
const Region regions[] = {
    {"AL", 500, 31.2, 34.8, -87.8, -85.6, 350, 369},
    {"AK", 73, 61.2, 65.0, -151.0, -146.0, 995, 999},
    {"AZ", 715, 32.6, 36.4, -113.6, -109.5, 850, 865},
    {"AR", 301, 33.3, 36.2, -93.9, -91.5, 716, 729},
    {"CA", 1900, 33.7, 34.9, -118.2, -116.6, 900, 935},
    {"CA", 700, 35.4, 37.4, -120.2, -118.8, 932, 939},
    {"CA", 1350, 37.5, 39.2, -121.9, -120.8, 945, 961},
    {"CO", 577, 37.3, 40.7, -108.3, -103.0, 800, 816},
    {"CT", 360, 41.4, 41.95, -73.2, -72.0, 60, 69},
    {"DE", 99, 38.7, 39.6, -75.65, -75.4, 197, 199},
    {"DC", 69, 38.88, 38.96, -77.06, -76.96, 200, 205},
    {"FL", 300, 30.2, 30.6, -84.3, -82.2, 320, 326},
    {"FL", 1100, 27.4, 29.4, -82.1, -81.2, 327, 349},
    {"FL", 750, 25.8, 26.8, -80.6, -80.2, 330, 334},
    {"GA", 450, 31.2, 33.1, -84.6, -82.3, 310, 319},
    {"GA", 620, 33.2, 34.7, -85.1, -83.7, 300, 309},
    {"HI", 100, 21.32, 21.48, -158.05, -157.85, 968, 968},
    {"HI", 46, 19.4, 19.9, -155.6, -155.2, 967, 967},
    {"ID", 150, 42.4, 43.9, -116.6, -112.2, 832, 837},
    {"ID", 34, 46.2, 47.6, -116.8, -116.3, 838, 838},
    {"IL", 1281, 38.8, 42.2, -89.6, -88.1, 600, 629},
    {"IN", 679, 38.7, 41.5, -87.1, -85.2, 460, 479},
    {"IA", 319, 40.9, 43.3, -95.5, -91.7, 500, 528},
    {"KS", 294, 37.2, 39.8, -101.6, -95.2, 660, 679},
    {"KY", 451, 36.8, 37.9, -87.6, -83.8, 400, 427},
    {"LA", 270, 30.3, 32.7, -93.2, -91.7, 703, 714},
    {"LA", 195, 30.1, 30.5, -91.3, -90.3, 700, 708},
    {"ME", 136, 44.2, 46.3, -69.9, -68.4, 39, 49},
    {"MD", 618, 39.2, 39.6, -77.3, -76.4, 206, 219},
    {"MA", 703, 42.1, 42.6, -72.8, -71.2, 10, 27},
    {"MI", 1008, 42.1, 44.5, -85.8, -83.9, 480, 499},
    {"MN", 571, 43.8, 47.0, -95.6, -93.5, 550, 567},
    {"MS", 296, 31.3, 34.6, -90.1, -88.9, 386, 397},
    {"MO", 615, 37.0, 40.1, -94.1, -91.7, 630, 658},
    {"MT", 108, 45.9, 48.4, -112.6, -104.8, 590, 599},
    {"NE", 196, 40.4, 42.4, -101.6, -96.8, 680, 693},
    {"NV", 90, 38.2, 41.6, -118.8, -114.8, 893, 898},
    {"NV", 220, 36.0, 36.4, -115.3, -114.9, 889, 891},
    {"NH", 138, 42.9, 44.0, -71.9, -71.3, 30, 38},
    {"NJ", 929, 40.0, 40.9, -74.7, -74.25, 70, 89},
    {"NM", 212, 32.3, 36.5, -108.4, -103.7, 870, 884},
    {"NY", 1100, 40.62, 40.85, -73.98, -73.65, 100, 119},
    {"NY", 920, 42.2, 43.0, -78.5, -74.3, 120, 149},
    {"NC", 1044, 35.2, 36.3, -81.8, -77.6, 270, 289},
    {"ND", 78, 46.2, 48.6, -103.4, -97.7, 580, 588},
    {"OH", 1180, 39.6, 41.2, -84.5, -81.4, 430, 459},
    {"OK", 396, 34.4, 36.7, -98.6, -95.2, 730, 749},
    {"OR", 424, 42.4, 45.2, -123.3, -118.3, 970, 979},
    {"PA", 1300, 40.1, 41.7, -80.1, -75.8, 150, 196},
    {"RI", 110, 41.58, 41.93, -71.65, -71.42, 28, 29},
    {"SC", 512, 33.9, 34.8, -82.0, -80.2, 290, 299},
    {"SD", 89, 43.4, 45.5, -103.3, -97.0, 570, 577},
    {"TN", 691, 35.3, 36.3, -88.6, -84.0, 370, 385},
    {"TX", 1300, 31.1, 33.1, -99.3, -95.0, 750, 769},
    {"TX", 1250, 29.2, 31.0, -98.8, -95.5, 770, 789},
    {"TX", 360, 27.2, 28.8, -98.7, -97.9, 780, 785},
    {"UT", 327, 37.4, 41.6, -113.4, -111.4, 840, 847},
    {"VT", 64, 43.3, 44.6, -72.95, -72.5, 50, 59},
    {"VA", 560, 36.9, 38.1, -79.0, -77.0, 229, 246},
    {"VA", 300, 38.5, 38.9, -78.1, -77.4, 220, 228},
    {"WA", 771, 46.6, 48.5, -122.2, -117.8, 980, 994},
    {"WV", 179, 38.3, 39.3, -81.4, -80.0, 247, 268},
    {"WI", 589, 43.0, 45.5, -90.8, -88.4, 530, 549},
    {"WY", 58, 41.4, 44.5, -110.3, -104.4, 820, 831},
};
// clang-format on
const size_t region_count = G_N_ELEMENTS(regions);
