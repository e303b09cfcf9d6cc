//! Which import provides a well-known name.

/// An import statement in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) module: &'static str,
    /// The name taken from the module; `None` for `import module`.
    pub(super) name: Option<&'static str>,
    /// What it is called here, where that differs.
    pub(super) alias: Option<&'static str>,
}

impl Import {
    /// The statement as written.
    pub(super) fn statement(&self) -> String {
        let alias = self.alias.map_or_else(String::new, |alias| format!(" as {alias}"));
        match self.name {
            None => format!("import {}{alias}", self.module),
            Some(name) => format!("from {} import {name}{alias}", self.module),
        }
    }
}

/// Modules of the standard library that code uses by their own name.
const STANDARD: &str = "abc argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 calendar cmath cmd code codecs \
    collections colorsys configparser contextlib contextvars copy copyreg csv ctypes curses dataclasses datetime \
    decimal difflib dis doctest email enum errno faulthandler filecmp fileinput fnmatch fractions ftplib \
    functools gc getopt getpass gettext glob graphlib gzip hashlib heapq hmac html http imaplib importlib \
    inspect io ipaddress itertools json keyword linecache locale logging lzma marshal math mimetypes mmap \
    multiprocessing numbers operator os pathlib pdb pickle pkgutil platform plistlib posixpath pprint profile \
    pstats queue random re readline reprlib resource runpy sched secrets select selectors shelve shlex shutil \
    signal site smtplib socket socketserver sqlite3 ssl stat statistics string stringprep struct subprocess \
    symtable sys sysconfig syslog tarfile tempfile termios textwrap threading time timeit tkinter token tokenize \
    tomllib trace traceback tracemalloc tty turtle types typing unicodedata unittest urllib uuid venv warnings \
    wave weakref webbrowser wsgiref xml xmlrpc zipfile zipimport zlib zoneinfo";

/// Packages outside the standard library that code uses by their own name.
const PACKAGES: &str = "aiohttp attr attrs boto3 click django fastapi flask httpx jinja2 jsonschema matplotlib mypy networkx numpy \
    pandas pydantic pytest requests rich scipy sklearn sqlalchemy sympy toml torch tqdm typer yaml";

/// Names by which whole modules are commonly called.
const ALIASES: &[(&str, &str)] = &[
    ("np", "numpy"),
    ("pd", "pandas"),
    ("plt", "matplotlib.pyplot"),
    ("mpl", "matplotlib"),
    ("sns", "seaborn"),
    ("tf", "tensorflow"),
    ("sp", "scipy"),
    ("nx", "networkx"),
    ("sa", "sqlalchemy"),
    ("dt", "datetime"),
    ("ET", "xml.etree.ElementTree"),
    ("mp", "multiprocessing"),
    ("nn", "torch.nn"),
    ("F", "torch.nn.functional"),
];

/// Names and the module each is taken from; the likelier module first where several provide it.
const MEMBERS: &[(&str, &str)] = &[
    ("abc", "ABC ABCMeta abstractmethod"),
    ("argparse", "ArgumentParser Namespace"),
    ("bisect", "bisect_left bisect_right insort"),
    ("collections", "ChainMap Counter OrderedDict UserDict UserList defaultdict deque namedtuple"),
    (
        "typing",
        "Annotated Any AnyStr Callable ClassVar DefaultDict Deque Dict Final FrozenSet Generic Iterable Iterator List \
    Literal Mapping MutableMapping NamedTuple NoReturn Optional ParamSpec Protocol Self Sequence Set \
    SupportsFloat SupportsInt Text Tuple Type TypeAlias TypeVar TypedDict Union cast get_type_hints overload \
    runtime_checkable TYPE_CHECKING",
    ),
    (
        "collections.abc",
        "AsyncGenerator AsyncIterable AsyncIterator Awaitable Callable Collection Container Coroutine Generator \
    Hashable Iterable Iterator Mapping MutableMapping MutableSequence Sequence Sized",
    ),
    ("concurrent.futures", "ProcessPoolExecutor ThreadPoolExecutor as_completed"),
    (
        "contextlib",
        "AsyncExitStack ExitStack asynccontextmanager closing contextmanager nullcontext redirect_stdout suppress",
    ),
    ("copy", "deepcopy"),
    ("dataclasses", "asdict astuple dataclass field fields is_dataclass"),
    ("datetime", "datetime date timedelta timezone tzinfo"),
    ("decimal", "Decimal ROUND_HALF_UP getcontext"),
    ("enum", "Enum Flag IntEnum IntFlag StrEnum auto unique"),
    ("fractions", "Fraction"),
    ("functools", "cache cached_property cmp_to_key lru_cache partial reduce singledispatch total_ordering wraps"),
    ("hashlib", "md5 sha1 sha256 sha512"),
    ("heapq", "heapify heappop heappush heappushpop nlargest nsmallest"),
    ("http", "HTTPStatus"),
    ("importlib", "import_module reload"),
    ("io", "BytesIO StringIO TextIOWrapper"),
    (
        "itertools",
        "accumulate chain combinations combinations_with_replacement count cycle dropwhile groupby islice pairwise \
    permutations product repeat starmap takewhile tee zip_longest",
    ),
    ("logging", "getLogger"),
    (
        "math",
        "acos asin atan atan2 ceil comb copysign cos degrees factorial floor fmod fsum gcd hypot inf isclose isfinite \
    isinf isnan isqrt lcm log10 log2 nan pi prod radians sin sqrt tan trunc",
    ),
    ("multiprocessing", "Pool Process"),
    ("operator", "attrgetter itemgetter methodcaller"),
    ("os", "environ getcwd getenv listdir makedirs"),
    ("os.path", "basename dirname exists isdir isfile"),
    ("pathlib", "Path PurePath PurePosixPath"),
    ("pprint", "pprint pformat"),
    ("queue", "Empty PriorityQueue Queue"),
    ("random", "choice choices randint random randrange shuffle uniform"),
    ("shutil", "copyfile copytree rmtree which"),
    ("statistics", "mean median mode stdev variance"),
    ("string", "Template ascii_letters ascii_lowercase ascii_uppercase digits punctuation"),
    ("subprocess", "CalledProcessError CompletedProcess PIPE Popen check_call check_output"),
    ("tempfile", "NamedTemporaryFile TemporaryDirectory mkdtemp"),
    ("textwrap", "dedent indent"),
    ("threading", "Condition Event Lock RLock Semaphore Thread"),
    ("time", "monotonic perf_counter sleep"),
    ("traceback", "format_exc print_exc"),
    ("types", "MappingProxyType ModuleType SimpleNamespace TracebackType"),
    ("unittest", "TestCase"),
    ("unittest.mock", "AsyncMock MagicMock Mock call patch"),
    ("urllib.parse", "parse_qs quote unquote urlencode urljoin urlparse"),
    ("urllib.request", "urlopen"),
    ("uuid", "UUID uuid4"),
    ("warnings", "warn"),
    ("zoneinfo", "ZoneInfo"),
];

/// Methods of the class `datetime` that the module of that name does not have.
const DATETIME_METHODS: &[&str] = &["now", "utcnow", "today", "strptime", "fromtimestamp", "fromisoformat", "combine"];

/// The imports that provide `name`, likeliest first. `after` is the code that follows it: what is called is no module.
pub(super) fn providing(name: &str, after: &str) -> Vec<Import> {
    let whole = |module, alias| Import { module, name: None, alias };
    let mut modules = Vec::new();
    if let Some((alias, module)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        modules.push(whole(module, Some(*alias)));
    }
    let known = STANDARD.split_whitespace().chain(PACKAGES.split_whitespace()).find(|module| *module == name);
    modules.extend(known.map(|module| whole(module, None)));
    let mut members = Vec::new();
    for (module, names) in MEMBERS {
        let member = names.split_whitespace().find(|member| *member == name);
        members.extend(member.map(|member| Import { module, name: Some(member), alias: None }));
    }
    let method = after.strip_prefix('.').unwrap_or_default();
    let of_class = name == "datetime" && DATETIME_METHODS.iter().any(|known| method.starts_with(known));
    let member_first = !after.starts_with('.') || of_class;
    if member_first { [members, modules].concat() } else { [modules, members].concat() }
}

/// Whether the top-level module belongs to the standard library.
pub(super) fn is_standard(module: &str) -> bool {
    STANDARD.split_whitespace().any(|known| known == module)
        || matches!(module, "concurrent" | "distutils" | "lib2to3" | "zipapp" | "_thread")
}
