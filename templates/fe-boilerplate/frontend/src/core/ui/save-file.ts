/** Saving of content as a file in the browser. */

const REVOKE_DELAY = 60_000; // milliseconds, enough for any browser to start the download

/** Save content as a file in the browser. */
export function saveFile(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_DELAY);
}
