/**
 * Holding the columns of rows against what the recipe says and what the destination has: where each column goes, what becomes
 * of values that don't fit, and how the table changes. Pure: it decides, others write the SQL.
 */
import {
  type ColumnDefinition,
  type Field,
  formatType,
  type LogicalType,
  type Schema,
  type SchemaChange,
  type TableChange,
  type TableChangeKind,
  type TableSchema,
} from "../sdk/mod.ts";
import { described } from "./apply.ts";
import { fits, join } from "./lattice.ts";
import { destinationNames, isVariantOf, variantName } from "./names.ts";
import type { ChangeActions, ColumnPolicy, SchemaPolicy } from "./policy.ts";
import * as problem from "./problems.ts";

export interface FitInput {
  /** The columns of the rows, after the steps. */
  readonly rows: Schema;
  readonly policy: SchemaPolicy;
  /** The table that is there; undefined where it will be made. */
  readonly table?: TableSchema;
  /** The table's rows are replaced: old values don't hold a type back. */
  readonly replaces: boolean;
  /** Longest name at the destination, in bytes. */
  readonly identifierLength?: number;
  /** Every write has all columns: files, which have no table around them. */
  readonly wholeRows?: boolean;
}

/** What becomes of a value that a column can't hold, or of a NULL where there may be none. */
export type OnMisfit = "error" | "null" | "discard_row";

/** A column as it is written. */
export interface OutputColumn {
  /** At the destination. */
  readonly name: string;
  /** In the rows; undefined for a column that the rows don't have. */
  readonly source?: string;
  /** Type in the rows. */
  readonly from?: LogicalType;
  readonly type: LogicalType;
  /** Values must first be values of this type: the recipe declares it, and the destination's is a wider one. */
  readonly via?: LogicalType;
  readonly onMisfit: OnMisfit;
  /** Rounding and the like is allowed, and counted. */
  readonly lossy: boolean;
  /** For a column of values that have no place in another: only those that are no exact value of this type. */
  readonly unlessFits?: LogicalType;
  /** What becomes of NULL; undefined: it may be. */
  readonly onNull?: "error" | "discard_row";
  /** Text of the value that stands for NULL, or for the missing column. */
  readonly fill?: string;
}

/** How rows are made to fit, and the table to hold them. */
export interface Fit {
  readonly columns: readonly OutputColumn[];
  readonly changes: readonly TableChange[];
  /** Rows with a value in one of these are left out: columns that are new and unwanted. */
  readonly discardWhenSet: readonly string[];
  /** What people are told beside `changes`. */
  readonly notes: readonly SchemaChange[];
  /** Columns whose NOT NULL goes if a NULL comes: the caller looks. */
  readonly nullable: readonly string[];
  /** The table as it is afterwards. */
  readonly after: TableSchema;
}

/** Columns of ours in a table: validity of versions, and whatever begins like our tables. */
const OURS = /^(_valid_(from|to)|_dataloader_.*)$/i;

/**
 * Fits rows to a recipe's `schema` and a destination's table.
 * @throws {EngineError} `SCHEMA_NEW_COLUMN`, `SCHEMA_MISSING_COLUMN`, `SCHEMA_TYPE_CHANGED`, `SCHEMA_LOSSY`,
 * `SCHEMA_RENAME`, `NAME_COLLISION`, `NO_COLUMNS`.
 */
export function fitRows(input: FitInput): Fit {
  return new Fitting(input).run();
}

/** A column of the rows, under the name it gets. */
interface Incoming {
  readonly source: string;
  readonly type: LogicalType;
  readonly nullable: boolean;
  readonly name: string;
  readonly declared?: ColumnPolicy;
}

class Fitting {
  readonly #input: FitInput;
  readonly #policy: SchemaPolicy;
  readonly #columns: OutputColumn[] = [];
  readonly #changes: TableChange[] = [];
  readonly #discardWhenSet: string[] = [];
  readonly #notes: SchemaChange[] = [];
  readonly #nullable: string[] = [];
  /** The table by name in lower case, kept up to date with the changes. */
  readonly #table: Map<string, Field>;
  readonly #new: ColumnDefinition[] = [];

  constructor(input: FitInput) {
    this.#input = input;
    this.#policy = input.policy;
    this.#table = new Map((input.table?.columns ?? []).map((column) => [column.name.toLowerCase(), column]));
  }

  run(): Fit {
    this.#renameInTable();
    const incoming = this.#incoming();
    this.#assertKnown(incoming);
    for (const column of incoming) this.#place(column);
    this.#placeMissing(incoming);
    if (this.#columns.length === 0) throw problem.noColumns(this.#policy);
    if (this.#input.table === undefined) this.#changes.push(described(this.#createTable()));
    const after = this.#input.table === undefined ? { columns: this.#new } : this.#after();
    return {
      columns: this.#columns,
      changes: this.#changes,
      discardWhenSet: this.#discardWhenSet,
      notes: this.#notes,
      nullable: this.#nullable,
      after,
    };
  }

  /** A table that has a column under the name it used to have. */
  #renameInTable(): void {
    for (const { name, renameFrom } of this.#policy.columns) {
      const old = renameFrom === undefined ? undefined : this.#table.get(renameFrom.toLowerCase());
      if (old === undefined || this.#table.has(name.toLowerCase())) continue;
      this.#table.delete(old.name.toLowerCase());
      this.#table.set(name.toLowerCase(), { ...old, name });
      this.#changes.push(described({ kind: "rename_column", column: old.name, to: name }));
    }
  }

  /** The columns of the rows under the names of the destination. */
  #incoming(): Incoming[] {
    const { rows, identifierLength } = this.#input;
    const declared = new Map(this.#policy.columns.map((column) => [column.name.toLowerCase(), column]));
    const renamed = new Map(
      this.#policy.columns.flatMap((column) =>
        column.renameFrom === undefined ? [] : [[column.renameFrom.toLowerCase(), column] as const]
      ),
    );
    const here = new Set(rows.fields.map((field) => field.name.toLowerCase()));
    const found = rows.fields.map((field) => {
      const key = field.name.toLowerCase();
      const rename = declared.has(key) ? undefined : renamed.get(key);
      if (rename !== undefined && here.has(rename.name.toLowerCase())) {
        throw problem.bothNames(rename, field.name);
      }
      const column = declared.get(key) ?? rename;
      return { field, column, wanted: column?.name ?? field.name };
    });
    const names = destinationNames(found.map(({ wanted }) => wanted), identifierLength);
    return found.map(({ field, column }, index) => ({
      source: field.name,
      type: field.type,
      nullable: field.nullable,
      name: this.#table.get(names[index]!.toLowerCase())?.name ?? names[index]!,
      declared: column,
    }));
  }

  /** Refuses columns that nobody has asked for, all at once. */
  #assertKnown(incoming: readonly Incoming[]): void {
    const unknown = incoming.filter((column) =>
      this.#isNew(column) && this.#actionsOf(column.declared).newColumn === "freeze"
    );
    if (unknown.length === 0) return;
    throw problem.newColumns(unknown.map(({ source }) => source), {
      policy: this.#policy,
      column: unknown[0]!.declared,
      known: this.#input.table?.columns.map(({ name }) => name) ??
        this.#policy.columns.map(({ name }) => name),
    });
  }

  /** New is what the table does not have; where there is none, what the recipe does not list. */
  #isNew({ name, declared }: Incoming): boolean {
    if (this.#table.has(name.toLowerCase())) return false;
    if (declared !== undefined || this.#input.table !== undefined) return true;
    // The first load: under `infer` whatever is found is what the schema is.
    return this.#policy.mode !== "infer" && this.#policy.columns.length > 0;
  }

  #actionsOf(column: ColumnPolicy | undefined): ChangeActions {
    return column?.actions ?? this.#policy.actions;
  }

  #place(column: Incoming): void {
    const there = this.#table.get(column.name.toLowerCase());
    const actions = this.#actionsOf(column.declared);
    if (this.#isNew(column) && actions.newColumn !== "evolve") {
      if (actions.newColumn === "discard_row") this.#discardWhenSet.push(column.source);
      this.#note("discard_column", column.source, `column ${column.source} is new and is left out`);
      return;
    }
    const wanted = this.#wanted(column);
    if (there === undefined) {
      this.#write(column, wanted);
      this.#add(column.name, wanted, column.declared);
    } else if (fits(wanted, there.type)) {
      this.#write(column, there.type);
      this.#checkNulls(column, there);
    } else this.#changeType(column, there, wanted);
  }

  /** The type that a column is to have: the recipe's, else the one found. */
  #wanted({ type, declared, source }: Incoming): LogicalType {
    const wanted = declared?.type;
    if (wanted === undefined) return type;
    if (this.#policy.mode === "strict" && takesZoneForGranted(type, wanted)) {
      throw problem.lossy(declared!, { source, from: type, to: wanted });
    }
    return wanted;
  }

  #changeType(column: Incoming, there: Field, wanted: LogicalType): void {
    const actions = this.#actionsOf(column.declared);
    const from = there.type;
    switch (actions.typeChange) {
      case "evolve": {
        const to = this.#input.replaces ? wanted : join(from, wanted);
        if (to.kind === "string" && (from.kind === "binary" || wanted.kind === "binary")) {
          throw this.#typeChanged(column, there, wanted);
        }
        this.#changes.push(described({ kind: "change_type", column: there.name, from, to }));
        this.#table.set(there.name.toLowerCase(), { ...there, type: to });
        this.#write(column, to);
        this.#checkNulls(column, there);
        return;
      }
      case "variant":
        return this.#writeVariant(column, there, wanted);
      case "discard_row":
        this.#write(column, from, { onMisfit: "discard_row" });
        this.#checkNulls(column, there);
        return;
      case "discard_column":
        this.#note(
          "discard_column",
          there.name,
          `column ${column.source} has turned from ${formatType(from)} into ${
            formatType(wanted)
          } and is left out`,
        );
        return;
      case "freeze":
        if (this.#policy.mode !== "lenient") throw this.#typeChanged(column, there, wanted);
        // The table stays as it is, and what can be converted is.
        this.#write(column, from);
        this.#checkNulls(column, there);
    }
  }

  #typeChanged(column: Incoming, there: Field, wanted: LogicalType) {
    return problem.typeChanged(column.source, {
      policy: this.#policy,
      column: column.declared,
      from: there.type,
      to: wanted,
    });
  }

  /** Values that the column holds go there, the others into a column beside it. */
  #writeVariant(column: Incoming, there: Field, wanted: LogicalType): void {
    this.#write(column, there.type, { onMisfit: "null" });
    const name = variantName(there.name, wanted.kind, this.#input.identifierLength);
    const variant = this.#table.get(name.toLowerCase());
    const type = variant === undefined ? wanted : join(variant.type, wanted);
    if (variant === undefined) this.#add(name, type, undefined);
    else if (!fits(wanted, variant.type)) {
      this.#changes.push(
        described({ kind: "change_type", column: variant.name, from: variant.type, to: type }),
      );
      this.#table.set(name.toLowerCase(), { ...variant, type });
    }
    this.#columns.push({
      name: variant?.name ?? name,
      source: column.source,
      from: column.type,
      type: variant === undefined || !fits(wanted, variant.type) ? type : variant.type,
      onMisfit: "error",
      lossy: false,
      unlessFits: there.type,
    });
  }

  #write(column: Incoming, type: LogicalType, more: { onMisfit?: OnMisfit } = {}): void {
    const { declared } = column;
    const lenient = this.#policy.mode === "lenient";
    const required = declared?.nullable === false || declared?.primaryKey === true;
    this.#columns.push({
      name: column.name,
      source: column.source,
      from: column.type,
      type,
      ...(declared?.type === undefined || more.onMisfit !== undefined ? {} : { via: declared.type }),
      onMisfit: more.onMisfit ?? (lenient ? "null" : "error"),
      lossy: lenient && more.onMisfit === undefined,
      ...(required ? { onNull: this.#onNull(declared!), fill: declared!.default } : {}),
    });
  }

  #onNull(column: ColumnPolicy): "error" | "discard_row" {
    return column.actions.nullability === "discard_row" ? "discard_row" : "error";
  }

  /** What the table says of NULL against what the recipe says. */
  #checkNulls(column: Incoming, there: Field): void {
    const { declared } = column;
    const actions = this.#actionsOf(declared);
    const evolves = actions.nullability === "evolve";
    const required = declared?.nullable === false || declared?.primaryKey === true;
    if (there.nullable && required && evolves) {
      this.#changes.push(described({ kind: "set_not_null", column: there.name }));
      this.#set(there, { nullable: false });
    } else if (!there.nullable && !required) {
      if (evolves && declared?.nullable === true) {
        this.#changes.push(described({ kind: "drop_not_null", column: there.name }));
        this.#set(there, { nullable: true });
      } else if (evolves) this.#nullable.push(there.name);
      else {
        const last = this.#columns.pop()!;
        this.#columns.push({
          ...last,
          onNull: actions.nullability === "discard_row" ? "discard_row" : "error",
          ...(declared?.default === undefined ? {} : { fill: declared.default }),
        });
      }
    }
  }

  #set(column: Field, change: Partial<Field>): void {
    const key = column.name.toLowerCase();
    this.#table.set(key, { ...this.#table.get(key) ?? column, ...change });
  }

  #add(name: string, type: LogicalType, declared: ColumnPolicy | undefined): void {
    const column: ColumnDefinition = {
      name,
      type,
      nullable: !(declared?.nullable === false || declared?.primaryKey === true),
      ...(declared?.default === undefined ? {} : { default: declared.default }),
      ...(declared?.description === undefined ? {} : { description: declared.description }),
    };
    this.#new.push(column);
    this.#table.set(name.toLowerCase(), column);
    if (this.#input.table !== undefined) this.#changes.push(described({ kind: "add_column", column }));
  }

  /** Columns that the recipe or the table has and the rows have not. */
  #placeMissing(incoming: readonly Incoming[]): void {
    const here = new Set(incoming.map(({ name }) => name.toLowerCase()));
    for (const column of this.#policy.columns) {
      const [name] = destinationNames([column.name], this.#input.identifierLength);
      if (!here.has(name!.toLowerCase())) this.#fillMissing(column, name!);
    }
    const names = [...this.#table.values()].map((column) => column.name);
    const written = new Set(this.#columns.map(({ name }) => name.toLowerCase()));
    const discarded = new Set(this.#notes.map(({ column }) => column?.toLowerCase()));
    // Files that are there keep the old name.
    const old = new Set(this.#policy.columns.map(({ renameFrom }) => renameFrom?.toLowerCase()));
    const lost = (this.#input.table?.columns ?? []).map(({ name }) => this.#renamed(name)).filter(
      ({ name }) => {
        const key = name.toLowerCase();
        return !written.has(key) && !discarded.has(key) && !old.has(key) && !OURS.test(name) &&
          !isVariantOf(name, names) &&
          !this.#policy.columns.some((column) => column.name.toLowerCase() === key);
      },
    );
    if (lost.length === 0) return;
    if (this.#policy.actions.missingColumn === "freeze") {
      throw problem.missingColumns(lost.map(({ name }) => name), { policy: this.#policy });
    }
    for (const { name, type } of lost) {
      this.#note("missing_column", name, `column ${name} is not in the rows any more`);
      if (this.#input.wholeRows === true) this.#constant(name, type);
    }
  }

  #renamed(name: string): Field {
    const to = this.#changes.find((change) => change.kind === "rename_column" && change.column === name);
    const now = to?.kind === "rename_column" ? to.to : name;
    return this.#table.get(now.toLowerCase())!;
  }

  #fillMissing(column: ColumnPolicy, name: string): void {
    const there = this.#table.get(name.toLowerCase());
    const type = column.type ?? there?.type;
    const required = column.nullable === false || column.primaryKey;
    if (column.default === undefined) {
      if (column.actions.missingColumn === "freeze" || required) {
        throw problem.missingColumns([column.name], { policy: this.#policy, column });
      }
      this.#note("missing_column", name, `column ${name} is not in the rows`);
    }
    if (type === undefined) return;
    if (there === undefined) this.#add(name, type, column);
    if (column.default !== undefined || there === undefined || this.#input.wholeRows === true) {
      this.#constant(there?.name ?? name, there?.type ?? type, column.default);
    }
  }

  #constant(name: string, type: LogicalType, fill?: string): void {
    this.#columns.push({
      name,
      type,
      onMisfit: "error",
      lossy: false,
      ...(fill === undefined ? {} : { fill }),
    });
  }

  #createTable(): TableChangeKind {
    const names = new Map(this.#new.map((column) => [column.name.toLowerCase(), column.name]));
    const named = (wanted: (column: ColumnPolicy) => boolean) =>
      this.#policy.columns.filter(wanted).flatMap((column) => {
        const [name] = destinationNames([column.name], this.#input.identifierLength);
        return names.get(name!.toLowerCase()) ?? [];
      });
    return {
      kind: "create_table",
      columns: this.#new,
      primaryKey: named((column) => column.primaryKey),
      unique: named((column) => column.unique && !column.primaryKey),
    };
  }

  #after(): TableSchema {
    return { columns: [...this.#table.values()] };
  }

  #note(kind: SchemaChange["kind"], column: string, description: string): void {
    this.#notes.push({ kind, column, description });
  }
}

/** Conversions that can't be checked value by value, because what they lose or add is in none of the values. */
function takesZoneForGranted(from: LogicalType, to: LogicalType): boolean {
  if (to.kind !== "datetime") return false;
  return (from.kind === "datetime" && from.tz !== to.tz) || (from.kind === "date" && to.tz);
}
