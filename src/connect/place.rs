//! Which level a call is about.

use std::sync::Arc;

use super::{EnterpriseCode, LevelKind, OrderTypeCode};
use crate::{Error, Result};

/// An argument that was checked when it was given; `send()` reports what is wrong with it.
pub(super) type Argument<T> = std::result::Result<T, Arc<Error>>;

/// Takes an argument in any form that turns into `T`.
pub(super) fn argument<T, A>(given: A) -> Argument<T>
where
    A: TryInto<T>,
    A::Error: Into<Error>,
{
    given.try_into().map_err(|error| Arc::new(error.into()))
}

pub(super) fn checked<T: Clone>(argument: &Argument<T>) -> Result<T> {
    argument.clone().map_err(|error| error.share())
}

/// A level as the caller named it.
#[derive(Clone)]
pub(super) enum Place {
    Global,
    Enterprise(Argument<EnterpriseCode>),
    OrderType(Argument<EnterpriseCode>, Argument<OrderTypeCode>),
}

/// A level whose codes are in order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Level {
    Global,
    Enterprise(EnterpriseCode),
    OrderType(EnterpriseCode, OrderTypeCode),
}

impl Place {
    pub(super) fn kind(&self) -> LevelKind {
        match self {
            Self::Global => LevelKind::Global,
            Self::Enterprise(_) => LevelKind::Enterprise,
            Self::OrderType(..) => LevelKind::OrderType,
        }
    }

    pub(super) fn checked(&self) -> Result<Level> {
        Ok(match self {
            Self::Global => Level::Global,
            Self::Enterprise(enterprise) => Level::Enterprise(checked(enterprise)?),
            Self::OrderType(enterprise, order_type) => {
                Level::OrderType(checked(enterprise)?, checked(order_type)?)
            }
        })
    }
}

impl Level {
    /// The values of the placeholders of a path.
    pub(super) fn values(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Global => Vec::new(),
            Self::Enterprise(enterprise) => vec![("enterpriseCode", enterprise.as_str())],
            Self::OrderType(enterprise, order_type) => {
                vec![("enterpriseCode", enterprise.as_str()), ("orderTypeCode", order_type.as_str())]
            }
        }
    }
}
