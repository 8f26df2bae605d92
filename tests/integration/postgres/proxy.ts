/** Between a client and a server: passes everything on until a message that a test waits for, and cuts there. */

export interface Cut {
  /** Looks at what the client sends; true: cut here. */
  when(bytes: Uint8Array): boolean;
  /** Whether the server still gets those bytes. */
  readonly deliver: boolean;
  /** The server does not learn that its client is gone, as when a network breaks. */
  readonly hangs?: boolean;
}

export class CuttingProxy implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #done: Promise<void>;
  cuts = 0;

  constructor(to: { host: string; port: number }, cut: Cut) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#done = this.#accept(to, cut);
  }

  async #accept(to: { host: string; port: number }, cut: Cut): Promise<void> {
    const running: Promise<void>[] = [];
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: to.host, port: to.port });
      this.#open.add(client).add(server);
      running.push(
        this.#pass({ from: client, to: server }, { cut }),
        this.#pass({ from: server, to: client }, { hangs: cut.hangs }),
      );
    }
    await Promise.all(running);
  }

  async #pass(
    { from, to }: { from: Deno.TcpConn; to: Deno.TcpConn },
    { cut, hangs = false }: { cut?: Cut; hangs?: boolean },
  ): Promise<void> {
    const buffer = new Uint8Array(1 << 16);
    try {
      for (;;) {
        const read = await from.read(buffer);
        if (read === null) break;
        const bytes = buffer.subarray(0, read);
        const cuts = cut?.when(bytes) === true;
        if (!cuts || cut!.deliver) {
          for (let at = 0; at < read;) at += await to.write(bytes.subarray(at));
        }
        if (!cuts) continue;
        this.cuts++;
        // The client loses the connection at once; the server once it has read what was delivered.
        this.#end(from);
        if (cut!.hangs === true) return;
        if (cut!.deliver) await new Promise((done) => setTimeout(done, 100));
        break;
      }
    } catch {
      // The other direction has ended the connection.
    }
    if (!hangs) this.#end(from);
    this.#end(to);
  }

  #end(connection: Deno.TcpConn): void {
    if (!this.#open.delete(connection)) return;
    connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of [...this.#open]) this.#end(connection);
    await this.#done;
  }
}

/** True from the `nth` time on that a text was sent, once. */
export function nthText(text: string, nth: number): (bytes: Uint8Array) => boolean {
  const wanted = new TextEncoder().encode(text);
  let seen = 0;
  return (bytes) => {
    for (let at = bytes.indexOf(wanted[0]!); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
      if (wanted.every((byte, i) => bytes[at + i] === byte) && ++seen === nth) return true;
    }
    return false;
  };
}

/** True once for a text that comes after another. */
export function textAfter(text: string, before: string): (bytes: Uint8Array) => boolean {
  const [first, second] = [nthText(before, 1), nthText(text, 1)];
  let begun = false;
  return (bytes) => begun ? second(bytes) : (begun = first(bytes)) && false;
}

/** True once so many bytes were sent. */
export function afterBytes(most: number): (bytes: Uint8Array) => boolean {
  let sent = 0;
  let done = false;
  return (bytes) => {
    sent += bytes.length;
    if (done || sent < most) return false;
    return done = true;
  };
}
