use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Mail, SendError, Smtp};

/// How mails leave.
#[derive(Debug)]
pub enum Mailer {
    /// To a mail server.
    Smtp(Box<Smtp>),
    /// As files into a folder: the demo's way.
    Folder(MailFolder),
    /// Into a list: a test's way.
    Memory(Arc<Mutex<Vec<SentMail>>>),
}

/// A folder that takes one `.eml` file per mail, named by its Message-ID.
#[derive(Clone, Debug)]
pub struct MailFolder {
    /// Made if it is missing.
    pub path: PathBuf,
}

/// A mail that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMail {
    /// To whom.
    pub to: String,
    /// `<…@…>`.
    pub message_id: String,
    /// Headers and body.
    pub bytes: Vec<u8>,
}

impl Mailer {
    /// Connections that may send side by side, at least one.
    pub fn connections(&self) -> usize {
        match self {
            Self::Smtp(smtp) => smtp.connections(),
            Self::Folder(_) | Self::Memory(_) => 1,
        }
    }

    /// Hands one mail over on the first connection. What comes back is the server's answer.
    ///
    /// # Errors
    /// [`SendError`] says whether trying again makes sense.
    pub async fn send(&self, mail: &Mail) -> Result<String, SendError> {
        self.send_over(0, mail).await
    }

    /// The same on one of the [connections](Self::connections), counted from 0. Mails on one connection wait for each other.
    ///
    /// # Errors
    /// [`SendError`] says whether trying again makes sense.
    pub async fn send_over(&self, connection: usize, mail: &Mail) -> Result<String, SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(connection, mail).await,
            Self::Folder(folder) => folder.send(mail).await,
            Self::Memory(sent) => {
                let bytes = mail.message()?.formatted();
                let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
                sent.push(SentMail { to: mail.to.clone(), message_id: mail.message_id.clone(), bytes });
                Ok("250 kept in memory".to_owned())
            }
        }
    }

    /// Goes all the way to where a mail would be sent, and sends none; a sentence on how that went.
    ///
    /// # Errors
    /// [`SendError::Away`] with the reason.
    pub async fn check(&self) -> Result<String, SendError> {
        match self {
            Self::Smtp(smtp) => smtp.check().await,
            Self::Folder(folder) => Ok(format!("mails go into {}", folder.path.display())),
            Self::Memory(_) => Ok("mails are kept in memory".to_owned()),
        }
    }

    /// Closes what is kept open between mails.
    pub async fn close(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.close().await;
        }
    }
}

impl MailFolder {
    async fn send(&self, mail: &Mail) -> Result<String, SendError> {
        let bytes = mail.message()?.formatted();
        let id: String = mail.message_id.chars().filter(char::is_ascii_alphanumeric).collect();
        let path = self.path.join(format!("{id}.eml"));
        let away =
            |error: std::io::Error| SendError::Away(format!("cannot write {}: {error}", path.display()));
        tokio::fs::create_dir_all(&self.path).await.map_err(away)?;
        tokio::fs::write(&path, bytes).await.map_err(away)?;
        Ok(format!("250 written to {}", path.display()))
    }
}
