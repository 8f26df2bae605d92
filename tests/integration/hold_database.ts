/** Holds a DuckDB file open for writing until its stdin closes. */
import { DuckDBInstance } from "@duckdb/node-api";

const instance = await DuckDBInstance.create(Deno.args[0]!);
const connection = await instance.connect();
await connection.run("CREATE TABLE held (id INTEGER)");
await Deno.stdout.write(new TextEncoder().encode("held\n"));
for await (const _chunk of Deno.stdin.readable) { /* until it closes */ }
connection.closeSync();
instance.closeSync();
