/** A project with things in reach that its recipe does not name: files, variables, servers. */
import { fileURLToPath } from "node:url";
import type { Places } from "./code/attempts.ts";

const CODE = fileURLToPath(new URL("./code/", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../../", import.meta.url));

export const SECRET = "the-secret-of-another-file";

export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly places: Places;
}

/** Makes the project in a temporary directory and starts its servers. */
export async function makeWorld(): Promise<World> {
  const top = await Deno.realPath(await Deno.makeTempDir({ prefix: "escape-" }));
  const folder = `${top}/project`;
  for (const name of ["in", "out", "secret", "other", "code", ".state"]) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  }
  await Deno.writeTextFile(`${folder}/in/rows.csv`, "id\n1\n");
  await Deno.writeTextFile(`${folder}/secret/secret.txt`, SECRET);
  await Deno.writeTextFile(`${folder}/secret/secret.csv`, `word\n${SECRET}\n`);
  await Deno.writeTextFile(`${folder}/other/module.ts`, 'export default "outside";\n');
  await Deno.writeTextFile(`${folder}/other/worker.ts`, 'self.postMessage("outside");\n');
  await Deno.writeTextFile(`${folder}/.state/other.json`, "{}\n");
  for await (const entry of Deno.readDir(CODE)) {
    await Deno.copyFile(`${CODE}${entry.name}`, `${folder}/code/${entry.name}`);
  }
  const refused = serve((request) => answer(request));
  const allowed = serve((request) =>
    new URL(request.url).pathname === "/to-refused"
      ? Response.redirect(`http://127.0.0.1:${refused.addr.port}/`)
      : answer(request)
  );
  const unixSocket = `${folder}/other/socket`;
  const socket = Deno.listen({ transport: "unix", path: unixSocket });
  const accepting = (async () => {
    for await (const connection of socket) connection.close();
  })();
  return {
    folder,
    places: {
      secretFile: `${folder}/secret/secret.txt`,
      secret: SECRET,
      otherFolder: `${folder}/other`,
      recipe: `${folder}/escape.yaml`,
      parent: `${folder}/base.yaml`,
      module: `${folder}/code/step.ts`,
      otherState: `${folder}/.state/other.json`,
      inFolder: `${folder}/in`,
      outFile: `${folder}/out/result.jsonl`,
      allowed: allowed.addr.port,
      refused: refused.addr.port,
      program: PROGRAM,
      unixSocket,
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await accepting.catch(() => undefined);
      await Promise.all([allowed.shutdown(), refused.shutdown()]);
      await Deno.remove(top, { recursive: true });
    },
  };
}

function serve(handler: (request: Request) => Response): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
}

function answer(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/module.js") {
    return new Response('export default "served";', {
      headers: { "content-type": "application/javascript" },
    });
  }
  if (pathname === "/socket") return Deno.upgradeWebSocket(request).response;
  if (pathname === "/events") {
    return new Response("data: x\n\n", { headers: { "content-type": "text/event-stream" } });
  }
  return new Response("reached");
}
