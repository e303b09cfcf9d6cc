//! The rules by which candidates are made, and how likely each is to be the repair.

macro_rules! rules {
    ($($rule:ident = $operator:literal, $prior:literal;)+) => {
        /// One way to change one kind of node.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(super) enum Rule { $($rule,)+ }

        impl Rule {
            /// The operator it is reported as.
            pub(super) fn operator(self) -> &'static str {
                match self { $(Self::$rule => $operator,)+ }
            }

            /// How likely its first alternative is to be the repair, given that its place holds the defect.
            pub(super) fn prior(self) -> f64 {
                match self { $(Self::$rule => $prior,)+ }
            }
        }
    };
}

// The priors order rules; they are no probabilities. Slips that swap one token for its neighbour (`<` for `<=`, `+` for
// `-`) come first, changes with many alternatives at a place (any name for any other) come late, so that each run spent
// rules out as much as it can.
rules! {
    UndefinedName = "undefined_name", 0.95;
    MissingImport = "import", 0.97;
    SelfInsert = "self", 0.90;
    AwaitInsert = "await", 0.40;

    ComparisonBoundary = "comparison", 0.45;
    ComparisonNegate = "comparison", 0.45;
    ComparisonFlip = "comparison", 0.40;
    ComparisonOther = "comparison", 0.12;
    ComparisonSides = "comparison", 0.15;

    BooleanSwap = "boolean", 0.50;
    NotDrop = "boolean", 0.40;
    NotInsert = "boolean", 0.15;
    OperandDrop = "boolean", 0.30;
    ConditionFixed = "condition", 0.03;

    ArithmeticPair = "arithmetic", 0.35;
    ArithmeticOther = "arithmetic", 0.12;
    ArithmeticRegroup = "arithmetic", 0.06;
    ArithmeticSides = "arithmetic", 0.20;
    TermDrop = "arithmetic", 0.30;
    SignFlip = "arithmetic", 0.10;
    OffByOne = "arithmetic", 0.10;

    AugmentedPair = "augmented_assignment", 0.40;
    AugmentedOther = "augmented_assignment", 0.15;
    AugmentedPlain = "augmented_assignment", 0.10;

    IntegerStep = "literal", 0.35;
    IntegerCommon = "literal", 0.12;
    IntegerSign = "literal", 0.12;
    IntegerSeen = "literal", 0.06;
    FloatChange = "literal", 0.12;
    FlagFlip = "literal", 0.45;
    NoneReplace = "literal", 0.04;
    StringBlank = "literal", 0.35;
    StringSeen = "literal", 0.10;
    StringCase = "literal", 0.08;
    StringShorten = "literal", 0.08;
    StringWord = "literal", 0.40;
    LiteralEverywhere = "literal", 0.20;

    Variable = "variable", 0.16;
    VariableMeasure = "variable", 0.02;
    VariableLiteral = "variable", 0.03;
    MemberSibling = "member", 0.40;
    MemberSeen = "member", 0.05;
    FunctionSibling = "function", 0.35;
    FunctionSeen = "function", 0.05;

    ArgumentSwap = "argument_swap", 0.30;
    ElementSwap = "argument_swap", 0.20;
    ArgumentDrop = "argument_drop", 0.08;
    ElementDrop = "argument_drop", 0.08;
    Wrap = "wrap", 0.10;
    WrapBoth = "wrap", 0.08;
    WrapSeen = "wrap", 0.10;
    WrapMethod = "wrap", 0.05;
    Unwrap = "unwrap", 0.20;
    UnwrapMethod = "unwrap", 0.15;

    IndexStep = "index", 0.15;
    IndexDrop = "index", 0.10;
    SliceBound = "slice", 0.15;
    SliceAdd = "slice", 0.03;
    SliceByName = "slice", 0.015;
    RangeBound = "range", 0.30;

    Deletion = "deletion", 0.12;
    StatementSwap = "statement_order", 0.05;
    BlockLeave = "statement_order", 0.08;
    LoopExit = "loop_exit", 0.35;
    BranchSwap = "condition", 0.05;
    ReturnInsert = "return", 0.30;
    ReturnFlags = "return", 0.25;
}

/// No rule has a higher prior, but for those about undefined names.
pub(super) const PRIOR_MAX: f64 = 0.50;

/// What each further alternative of one rule at one place is worth, relative to the one before it.
pub(super) const DECAY: f64 = 0.85;
