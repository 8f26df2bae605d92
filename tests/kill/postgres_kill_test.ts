/** Loads into PostgreSQL, killed: the client dies, the server lives on and may still be at its work. */
import { postgresTest, sharedPostgres } from "../servers/postgres_test_case.ts";
import { testKills } from "./kill_mode.ts";
import { makeDatabase, postgresModes } from "./postgres_modes.ts";

let place: { server: Awaited<ReturnType<typeof sharedPostgres>>; database: string } | undefined;

for (const mode of postgresModes(() => place!)) {
  postgresTest(`kill -9: ${mode.name}`, async (server) => {
    place ??= { server, database: await makeDatabase(server) };
    await testKills(mode);
  });
}
