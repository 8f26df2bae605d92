/** Texts that are kept until a batch is settled: in memory, and in a temporary file when they are many. */
import { EngineError } from "../../sdk/mod.ts";

/** Characters kept in memory before they are written away. */
const IN_MEMORY = 8 * 1024 * 1024;

/** Texts without line breaks, in the order they came. */
export class TextSpool {
  readonly #directory: string | undefined;
  #texts: string[] = [];
  #characters = 0;
  #count = 0;
  #file: { readonly path: string; readonly handle: Deno.FsFile } | undefined;

  constructor(directory?: string) {
    this.#directory = directory;
  }

  get count(): number {
    return this.#count;
  }

  push(text: string): void {
    this.#texts.push(text);
    this.#characters += text.length;
    this.#count++;
    if (this.#characters > IN_MEMORY) this.#writeAway();
  }

  /** Synchronous: the embedded engine waits for it. */
  #writeAway(): void {
    try {
      this.#file ??= open(this.#directory);
      const bytes = new TextEncoder().encode(this.#texts.join("\n") + "\n");
      for (let at = 0; at < bytes.length;) at += this.#file.handle.writeSync(bytes.subarray(at));
    } catch (cause) {
      throw new EngineError("SPOOL_FAILED", "Rows that break rules can't be kept in a temporary file.", {
        hint: "check the free space, or set runtime.temp_directory",
        cause,
      });
    }
    this.#texts = [];
    this.#characters = 0;
  }

  /** All texts, some at a time. */
  async *read(): AsyncGenerator<readonly string[]> {
    if (this.#file !== undefined) {
      using file = await Deno.open(this.#file.path);
      let rest = "";
      for await (const piece of file.readable.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + piece).split("\n");
        rest = lines.pop()!;
        if (lines.length > 0) yield lines;
      }
    }
    if (this.#texts.length > 0) yield this.#texts;
  }

  clear(): void {
    this.#texts = [];
    this.#characters = 0;
    this.#count = 0;
    if (this.#file === undefined) return;
    this.#file.handle.close();
    Deno.removeSync(this.#file.path);
    this.#file = undefined;
  }
}

function open(directory: string | undefined): { path: string; handle: Deno.FsFile } {
  const path = Deno.makeTempFileSync({ dir: directory, prefix: "dataloader-rejected-" });
  return { path, handle: Deno.openSync(path, { write: true, truncate: true }) };
}
