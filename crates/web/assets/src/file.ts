// A file that is chosen is put into the field beside it, where it can be read and mended before it is sent.

import { toast } from './toast';

export function startFile(): void {
  const chooser = document.getElementById('csv-file') as HTMLInputElement | null;
  const field = document.getElementById('csv') as HTMLTextAreaElement | null;
  if (!chooser || !field) return;
  chooser.parentElement!.hidden = false;
  chooser.addEventListener('change', async () => {
    const file = chooser.files?.[0];
    if (!file) return;
    try {
      field.value = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
    } catch {
      toast('This file is not UTF-8: save it as "CSV UTF-8" and choose it again.');
    }
  });
}
