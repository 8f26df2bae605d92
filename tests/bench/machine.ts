/** On what machine and versions figures were taken. */
import { cpus, totalmem } from "node:os";
import { DuckDBInstance } from "@duckdb/node-api";

export interface MachineFacts {
  readonly os: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly deno: string;
  readonly duckdb: string;
}

export async function machineFacts(): Promise<MachineFacts> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const [row] = (await connection.runAndReadAll("SELECT version() AS v")).getRowObjects();
  connection.closeSync();
  instance.closeSync();
  return {
    os: `${Deno.build.os} ${Deno.build.arch}`,
    cpu: cpus()[0]?.model.trim() || "unknown",
    cores: navigator.hardwareConcurrency,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    deno: Deno.version.deno,
    duckdb: String(row?.v),
  };
}
