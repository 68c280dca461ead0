//! Panes and which of them has the keys.

/// The six panes, numbered as on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaneId {
    /// 1: environments and their variables.
    Environments,
    /// 2: the tree of requests.
    Collections,
    /// 3: the request being edited.
    Request,
    /// 4: cached tokens.
    Token,
    /// 5: what is written on a token.
    Jwt,
    /// 6: what came back.
    Response,
}

impl PaneId {
    /// In the order of their numbers.
    pub const ALL: [PaneId; 6] =
        [Self::Environments, Self::Collections, Self::Request, Self::Token, Self::Jwt, Self::Response];

    /// Its number on screen, from 1.
    pub fn number(self) -> u8 {
        match self {
            Self::Environments => 1,
            Self::Collections => 2,
            Self::Request => 3,
            Self::Token => 4,
            Self::Jwt => 5,
            Self::Response => 6,
        }
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Environments => "Environments",
            Self::Collections => "Collections",
            Self::Request => "Request",
            Self::Token => "Token",
            Self::Jwt => "JWT",
            Self::Response => "Response",
        }
    }

    /// True for the panes of the left column, which open as a drawer on small screens.
    pub fn is_side(self) -> bool {
        !matches!(self, Self::Request | Self::Response)
    }

    /// The pane `step` further, going round.
    #[must_use]
    pub fn step(self, step: isize) -> PaneId {
        let at = self.number() as isize - 1;
        Self::ALL[(at + step).rem_euclid(6) as usize]
    }
}

/// What keys mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Keys are commands.
    #[default]
    Nav,
    /// Keys are text.
    Edit,
}
