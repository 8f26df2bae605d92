/** The socket of a connection: plain or TLS, as `sslmode` says. The driver is given one that is ready. */
import net from "node:net";
import tls from "node:tls";
import { ConnectorError } from "../../sdk/mod.ts";
import { toConnectorError } from "./errors.ts";
import { serverOf, type Settings, socketPath } from "./settings.ts";

/** SSLRequest: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);

export type Socket = net.Socket;

/** Whether to ask for TLS, in the order to try: `prefer` goes on without, `allow` asks only where it must. */
export function attempts(settings: Settings): readonly ("tls" | "plain")[] {
  if (socketPath(settings) !== undefined) return ["plain"];
  switch (settings.sslmode) {
    case "disable":
      return ["plain"];
    case "allow":
      return ["plain", "tls"];
    case "prefer":
      return ["tls", "plain"];
    default:
      return ["tls"];
  }
}

/**
 * Opens a socket. With `tls` it is encrypted when it is returned; a server without TLS is an error `TLS_NOT_OFFERED`.
 * @throws {ConnectorError} that names the server.
 */
export async function openSocket(
  settings: Settings,
  options: { tls: boolean; signal: AbortSignal },
): Promise<Socket> {
  const path = socketPath(settings);
  const raw = path === undefined
    ? net.connect({ host: settings.host, port: settings.port })
    : net.connect({ path });
  const stop = () => raw.destroy(options.signal.reason);
  options.signal.addEventListener("abort", stop);
  try {
    await once(raw, "connect");
    raw.setNoDelay(true);
    // A server that is gone without a word is noticed, if late.
    raw.setKeepAlive(true, 60_000);
    return options.tls ? await secure(raw, settings) : raw;
  } catch (cause) {
    raw.destroy();
    options.signal.throwIfAborted();
    throw toConnectorError(cause, { settings });
  } finally {
    options.signal.removeEventListener("abort", stop);
  }
}

async function secure(raw: net.Socket, settings: Settings): Promise<Socket> {
  const options = await tlsOptions(settings);
  raw.write(SSL_REQUEST);
  const answer = await once(raw, "data") as Uint8Array;
  // More than one byte would be bytes that somebody put in before the handshake (CVE-2021-23222).
  if (answer.length !== 1 || answer[0] !== 0x53) {
    throw new ConnectorError("TLS_NOT_OFFERED", `${serverOf(settings)} does not offer TLS.`, {
      hint: "set ssl = on at the server, or use sslmode: prefer or disable",
      context: { server: serverOf(settings), sslmode: settings.sslmode },
    });
  }
  raw.removeAllListeners("data");
  const encrypted = tls.connect({ socket: raw, ...options });
  await once(encrypted, "secureConnect");
  return encrypted;
}

async function tlsOptions(settings: Settings): Promise<tls.ConnectionOptions> {
  const { sslmode, host } = settings;
  const [ca, cert, key] = await Promise.all(
    (["sslrootcert", "sslcert", "sslkey"] as const).map((name) => readPem(settings, name)),
  );
  // As libpq does, `require` verifies once it is told whom to trust.
  const verify = sslmode.startsWith("verify") || (sslmode === "require" && ca !== undefined);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert, key }),
    host,
    // SNI must not be an address (RFC 6066, section 3).
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: verify,
    ...(sslmode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

async function readPem(
  settings: Settings,
  name: "sslrootcert" | "sslcert" | "sslkey",
): Promise<string | undefined> {
  const path = settings[name];
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new ConnectorError("FILE_NOT_READABLE", `The file "${path}" of ${name} can't be read.`, {
      hint: `check ${name}, and the rights of the file`,
      context: { key: [name], path },
      cause,
    });
  }
  if (!text.includes("-----BEGIN ")) {
    throw new ConnectorError("INVALID_CERTIFICATE", `The file "${path}" of ${name} is no PEM file.`, {
      hint: "it must have lines -----BEGIN …----- and -----END …-----",
      context: { key: [name], path },
    });
  }
  return text;
}

/** The first event of a name; errors and an early end reject. */
function once(socket: net.Socket, event: "connect" | "secureConnect" | "data"): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      socket.off(event, onEvent);
      socket.off("error", onError);
      socket.off("close", onClose);
      settle();
    };
    const onEvent = (value: unknown) => done(() => resolve(value));
    const onError = (error: Error) => done(() => reject(error));
    const onClose = () =>
      done(() => reject(Object.assign(new Error("connection closed"), { code: "ECONNRESET" })));
    socket.on(event, onEvent);
    socket.on("error", onError);
    socket.on("close", onClose);
  });
}
