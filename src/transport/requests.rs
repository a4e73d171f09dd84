//! What every request type has in common.

/// The verbs of a request with one answer.
#[cfg(feature = "symphony")]
macro_rules! send_methods {
    ($operation:ty, $model:ty) => {
        /// Sends the request.
        ///
        /// Dropping the future before it is done loses nothing for a read. For a write it leaves
        /// open whether the server carried it out.
        ///
        /// # Errors
        ///
        /// See the method of the client.
        pub async fn send(self) -> Result<Response<$model>> {
            let transport = &self.inner.transport;
            transport.send::<$operation>(&|| self.make(), &self.options).await
        }

        /// Sends the request and reads the answer as a type of yours, for example one with
        /// fields that the model does not have. Dropping the future means the same as for
        /// [`send`](Self::send).
        ///
        /// # Errors
        ///
        /// See the method of the client.
        pub async fn send_as<T: DeserializeOwned>(self) -> Result<Response<T>> {
            let transport = &self.inner.transport;
            transport.send_as::<$operation, T>(&|| self.make(), &self.options).await
        }
    };
}
#[cfg(feature = "symphony")]
pub(crate) use send_methods;

/// `Debug` that tells the type alone: the fields of a request are personal data.
macro_rules! opaque_debug {
    ($($name:ident),+ $(,)?) => {
        $(
            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.debug_struct(stringify!($name)).finish_non_exhaustive()
                }
            }
        )+
    };
}
pub(crate) use opaque_debug;
