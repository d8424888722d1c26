use crate::{Client, Command, Error, ReplyStream, Traffic, Value, codec::Sentence, verbs::traffic};

/// The traffic of interfaces second by second, from [`Client::watch_traffic`]. Dropping it cancels the command on the
/// router.
pub struct TrafficStream {
    /// `None` after the end.
    replies: Option<ReplyStream>,
    /// Ids and names, in the order asked.
    interfaces: Vec<(String, Value)>,
    /// Whose turn it is.
    turn: usize,
}

impl Client {
    /// The `.id` and name of every interface: a fraction of what [`interfaces`](Self::interfaces) transfers.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub async fn interface_names(&self) -> Result<Vec<(String, Value)>, Error> {
        let print = Command::new("/interface/print").attr(".proplist", ".id,name");
        let replies = self.run(print).await?;
        let read = |row: &Sentence| {
            let id = String::from_utf8_lossy(row.attribute(".id")?).into_owned();
            Some((id, Value::copied(row.attribute("name")?)))
        };
        Ok(replies.items().iter().filter_map(read).collect())
    }

    /// Starts to watch the traffic of these interfaces (some of [`interface_names`](Self::interface_names)), once a
    /// second, until the stream is dropped.
    ///
    /// # Errors
    /// Those that prevent the command from being sent. That an interface has gone is said by the stream.
    pub async fn watch_traffic(&self, interfaces: Vec<(String, Value)>) -> Result<TrafficStream, Error> {
        let ids: Vec<&str> = interfaces.iter().map(|(id, _)| id.as_str()).collect();
        let command = Command::new(traffic::MONITOR).attr("interface", ids.join(",")).attr("interval", "1");
        let replies = self.stream(command).await?;
        Ok(TrafficStream { replies: Some(replies), interfaces, turn: 0 })
    }
}

impl TrafficStream {
    /// The next reading, of whichever interface, with the name that the router said with it, if it did. `None` when the
    /// router has ended the command, as it does when an interface is removed; or when it names an interface that was not
    /// asked for. That one was renamed: whose traffic it carries now must be asked anew. Cancel-safe.
    ///
    /// # Errors
    /// Those of [`ReplyStream::next`].
    pub async fn next(&mut self) -> Option<Result<Traffic, Error>> {
        let row = match self.replies.as_mut()?.next().await? {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        let Some(place) = self.place_of(&row) else {
            // Dropping it cancels the command.
            self.replies = None;
            return None;
        };
        self.turn = (place + 1) % self.interfaces.len();
        Some(Ok(Traffic::read(&self.interfaces[place].0, &row)))
    }

    /// Whose reading it is. Newer releases say the name. Older ones do not: readings come in the order asked, over and
    /// over.
    fn place_of(&self, row: &Sentence) -> Option<usize> {
        match row.attribute("name").filter(|name| !name.is_empty()) {
            Some(name) => self.interfaces.iter().position(|(_, known)| known.as_bytes() == name),
            None => Some(self.turn).filter(|&turn| turn < self.interfaces.len()),
        }
    }
}

impl std::fmt::Debug for TrafficStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrafficStream").field("interfaces", &self.interfaces.len()).finish_non_exhaustive()
    }
}
