// Asks once more before a form is sent whose effect is not easily undone. Without a script the form is sent at once.

/** What a dialog needs of a form: the question, and the words of the button that goes on. */
function dialogFor(question: string, yes: string): { dialog: HTMLDialogElement; goOn: HTMLButtonElement } {
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog';
  const words = document.createElement('p');
  words.id = 'dialog-words';
  words.textContent = question;
  dialog.setAttribute('aria-labelledby', words.id);
  const deeds = document.createElement('div');
  deeds.className = 'deeds';
  const goOn = button(yes, 'button button-danger');
  const cancel = button('Cancel', 'button button-quiet');
  cancel.autofocus = true;
  cancel.addEventListener('click', () => dialog.close());
  deeds.append(goOn, cancel);
  dialog.append(words, deeds);
  dialog.addEventListener('close', () => dialog.remove());
  // A click beside the box lands on the dialog itself.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  return { dialog, goOn };
}

function button(words: string, className: string): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = className;
  made.textContent = words;
  return made;
}

export function startAsking(): void {
  const answered = new WeakSet<HTMLFormElement>();
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.ask || answered.has(form)) return;
    event.preventDefault();
    const sender = event.submitter instanceof HTMLButtonElement ? event.submitter : undefined;
    const { dialog, goOn } = dialogFor(form.dataset.ask, form.dataset.askYes ?? 'Go on');
    goOn.addEventListener('click', () => {
      dialog.close();
      answered.add(form);
      form.requestSubmit(sender);
      answered.delete(form);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
