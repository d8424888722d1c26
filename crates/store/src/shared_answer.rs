use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// One question for all who want to know at the same time. Nobody gets an answer to a question that was asked before
/// they came: who comes while one is on its way shares the next.
#[derive(Debug)]
pub(crate) struct SharedAnswer<T> {
    /// The answer to the question that is not asked yet; `None` in it: the question failed.
    next: Mutex<Arc<OnceCell<Option<T>>>>,
    turn: tokio::sync::Mutex<()>,
}

impl<T> Default for SharedAnswer<T> {
    fn default() -> Self {
        Self { next: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<T: Clone> SharedAnswer<T> {
    /// The answer to a question that is asked from now on. If asking fails, each of those who waited asks for itself.
    pub(crate) async fn get<E, F>(&self, ask: impl Fn() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send,
    {
        let cell = Arc::clone(&self.next.lock().unwrap_or_else(PoisonError::into_inner));
        let mut error = None;
        let answer = cell
            .get_or_init(|| async {
                let _turn = self.turn.lock().await;
                self.begin_next(&cell);
                ask().await.map_err(|why| error = Some(why)).ok()
            })
            .await;
        match (answer, error) {
            (Some(answer), _) => Ok(answer.clone()),
            (None, Some(error)) => Err(error),
            (None, None) => ask().await,
        }
    }

    /// Whoever comes from now on shares another answer than this.
    fn begin_next(&self, asked: &Arc<OnceCell<Option<T>>>) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&next, asked) {
            *next = Arc::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    use super::*;

    /// A question that is answered when it is allowed to be, with how many were asked before it.
    struct Oracle {
        asked: AtomicUsize,
        answered: Semaphore,
        shared: SharedAnswer<usize>,
    }

    impl Oracle {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                asked: AtomicUsize::new(0),
                answered: Semaphore::new(0),
                shared: SharedAnswer::default(),
            })
        }

        async fn ask(&self) -> Result<usize, usize> {
            self.shared
                .get(|| async {
                    let number = self.asked.fetch_add(1, Ordering::SeqCst);
                    self.answered.acquire().await.expect("it is never closed").forget();
                    if number == 13 { Err(number) } else { Ok(number) }
                })
                .await
        }
    }

    fn come(askers: &mut JoinSet<Result<usize, usize>>, oracle: &Arc<Oracle>, count: usize) {
        for _ in 0..count {
            let oracle = Arc::clone(oracle);
            askers.spawn(async move { oracle.ask().await });
        }
    }

    async fn settle() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn nobody_gets_an_answer_to_a_question_from_before_they_came() {
        let oracle = Oracle::new();
        let mut askers = JoinSet::new();
        come(&mut askers, &oracle, 1);
        settle().await;
        come(&mut askers, &oracle, 20);
        settle().await;
        assert_eq!(oracle.asked.load(Ordering::SeqCst), 1, "the second question waits for the first");
        oracle.answered.add_permits(100);
        let mut answers = askers.join_all().await;
        answers.sort_unstable();
        assert_eq!(answers[0], Ok(0));
        assert_eq!(answers[1..], [Ok(1); 20], "all who came later share one answer, and not the earlier one");
    }

    #[tokio::test]
    async fn who_goes_away_takes_no_answer_along() {
        let oracle = Oracle::new();
        let mut first = JoinSet::new();
        come(&mut first, &oracle, 1);
        settle().await;
        let mut askers = JoinSet::new();
        come(&mut askers, &oracle, 5);
        settle().await;
        first.shutdown().await;
        oracle.answered.add_permits(100);
        assert_eq!(askers.join_all().await, [Ok(1); 5]);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_who_asked_and_the_others_ask_for_themselves() {
        let oracle = Oracle::new();
        oracle.asked.store(12, Ordering::SeqCst);
        let mut askers = JoinSet::new();
        come(&mut askers, &oracle, 1);
        settle().await;
        come(&mut askers, &oracle, 3);
        settle().await;
        oracle.answered.add_permits(100);
        let mut answers = askers.join_all().await;
        answers.sort_unstable();
        assert_eq!(answers, [Ok(12), Ok(14), Ok(15), Err(13)]);
    }
}
