/** What Arrow columns mean, and how they are written into DuckDB. */
import {
  DataType,
  type Decimal,
  type Field,
  type FixedSizeBinary,
  type FixedSizeList,
  Precision,
  Type,
} from "apache-arrow";
import type { Date_, Dictionary, Duration, Float, Int, Interval, Time, Timestamp } from "apache-arrow";
import { EngineError, engineType, type LogicalType } from "../sdk/mod.ts";
import { EXTENSION_NAME, JSON_EXTENSION, UUID_EXTENSION } from "./arrow_types.ts";
import { dictionaryWriter, pickedType } from "./dictionary_writer.ts";
import { fixedSizeOffsets, fixedTexts, offsetsOf, textsOf, viewTexts } from "./arrow_buffers.ts";
import * as scalar from "./scalar_writers.ts";
import { stringWriter } from "./string_writer.ts";
import {
  booleanWriter,
  fixedWriter,
  listWriter,
  nullWriter,
  structWriter,
  type VectorWriter,
} from "./vector_writer.ts";

/** A column as it is written: `write` fills vectors of `engineType(logical)`. */
export interface ColumnPlan {
  readonly logical: LogicalType;
  readonly write: VectorWriter;
}

const STRING: LogicalType = { kind: "string" };

/**
 * Plans a column. `wanted` only decides where Arrow leaves it open: what a Null column is, and whether 16 bytes are a
 * UUID.
 * @throws {EngineError} `UNSUPPORTED_TYPE` for unions, decimals beyond 38 digits, and structs without fields.
 */
export function planColumn(field: Field, wanted?: LogicalType): ColumnPlan {
  const type = field.type as DataType;
  const extension = field.metadata.get(EXTENSION_NAME);
  switch (type.typeId as Type) {
    case Type.Null:
      return { logical: wanted ?? STRING, write: nullWriter };
    case Type.Bool:
      return { logical: { kind: "boolean" }, write: booleanWriter };
    case Type.Int: {
      const { bitWidth, isSigned } = type as Int;
      const integer: LogicalType = {
        kind: "integer",
        bits: bitWidth,
        ...(isSigned ? {} : { unsigned: true }),
      };
      return { logical: integer, write: fixedWriter(bitWidth / 8) };
    }
    case Type.Float:
      return floatColumn((type as Float).precision);
    case Type.Decimal:
      return decimalColumn(type as Decimal);
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View: {
      const texts = type.typeId === Type.Utf8View ? viewTexts : textsOf;
      // JSON is brought in as text and checked by a cast: DuckDB takes whatever stands in a JSON vector for JSON.
      const logical = STRING;
      return { logical, write: stringWriter(texts, { utf8: true }) };
    }
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView: {
      const texts = type.typeId === Type.BinaryView ? viewTexts : textsOf;
      return { logical: { kind: "binary" }, write: stringWriter(texts, { utf8: false }) };
    }
    case Type.FixedSizeBinary: {
      const width = (type as FixedSizeBinary).byteWidth;
      const isUuid = width === 16 && (extension === UUID_EXTENSION || wanted?.kind === "uuid");
      return isUuid
        ? { logical: { kind: "uuid" }, write: scalar.uuidWriter }
        : { logical: { kind: "binary" }, write: stringWriter(fixedTexts(width), { utf8: false }) };
    }
    case Type.Date:
      return { logical: { kind: "date" }, write: scalar.dateWriter(type as Date_) };
    case Type.Time:
      return { logical: { kind: "time" }, write: scalar.timeWriter(type as Time) };
    case Type.Timestamp: {
      const timestamp = type as Timestamp;
      const tz = timestamp.timezone !== null && timestamp.timezone !== undefined && timestamp.timezone !== "";
      return { logical: { kind: "datetime", tz }, write: scalar.timestampWriter(timestamp) };
    }
    case Type.Interval:
      return { logical: { kind: "interval" }, write: scalar.intervalWriter(type as Interval) };
    case Type.Duration:
      return { logical: { kind: "interval" }, write: scalar.durationWriter(type as Duration) };
    case Type.List:
    case Type.LargeList:
    case Type.Map: {
      const items = planColumn(type.children[0]!, wanted?.kind === "array" ? wanted.items : undefined);
      return { logical: { kind: "array", items: items.logical }, write: listWriter(items.write, offsetsOf) };
    }
    case Type.FixedSizeList: {
      const items = planColumn(type.children[0]!, wanted?.kind === "array" ? wanted.items : undefined);
      const offsets = fixedSizeOffsets((type as FixedSizeList).listSize);
      return { logical: { kind: "array", items: items.logical }, write: listWriter(items.write, offsets) };
    }
    case Type.Struct:
      return structColumn(field, wanted);
    case Type.Dictionary: {
      const { dictionary } = type as Dictionary;
      const values = planColumn(field.clone({ type: pickedType(dictionary) }), wanted);
      return { logical: values.logical, write: dictionaryWriter(values.write) };
    }
    default:
      throw unsupported(field, "cast the column to another type first");
  }
}

/** The type that a field has by its extension, on top of how it is stored. */
export function extensionType(field: Field): LogicalType | undefined {
  return field.metadata.get(EXTENSION_NAME) === JSON_EXTENSION ? { kind: "json" } : undefined;
}

function floatColumn(precision: Precision): ColumnPlan {
  switch (precision) {
    case Precision.HALF:
      return { logical: { kind: "float", bits: 32 }, write: scalar.halfWriter };
    case Precision.SINGLE:
      return { logical: { kind: "float", bits: 32 }, write: fixedWriter(4) };
    case Precision.DOUBLE:
      return { logical: { kind: "float", bits: 64 }, write: fixedWriter(8) };
  }
}

function decimalColumn(type: Decimal): ColumnPlan {
  const { precision, scale } = type;
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
    throw new EngineError(
      "UNSUPPORTED_TYPE",
      `Decimals of ${precision} digits, ${scale} after the point, are not supported.`,
      {
        hint: "at most 38 digits; cast the column to text or to another decimal first",
      },
    );
  }
  return { logical: { kind: "decimal", precision, scale }, write: scalar.decimalWriter(type) };
}

function structColumn(field: Field, wanted: LogicalType | undefined): ColumnPlan {
  const children = (field.type as DataType).children as Field[];
  if (children.length === 0) throw unsupported(field, "a struct needs at least one field");
  const fields = children.map((child) => {
    const want = wanted?.kind === "struct"
      ? wanted.fields.find((other) => other.name === child.name)
      : undefined;
    return { name: child.name, ...planColumn(child, want?.type) };
  });
  return {
    logical: { kind: "struct", fields: fields.map(({ name, logical }) => ({ name, type: logical })) },
    write: structWriter(fields.map((each) => each.write)),
  };
}

function unsupported(field: Field, hint: string): EngineError {
  return new EngineError(
    "UNSUPPORTED_TYPE",
    `Column "${field.name}": Arrow type ${field.type} is not supported.`,
    {
      hint,
      context: { column: field.name, type: String(field.type) },
    },
  );
}

/** What a field means: how it is stored, and its extension, down to the leaves. */
export function meaningOf(field: Field, stored: LogicalType): LogicalType {
  const extension = extensionType(field);
  if (extension !== undefined && stored.kind === "string") return extension;
  const type = field.type as DataType;
  const target = DataType.isDictionary(type) ? type.dictionary as DataType : type;
  if (stored.kind === "array") {
    return { kind: "array", items: meaningOf(target.children[0]!, stored.items) };
  }
  if (stored.kind === "struct") {
    return {
      kind: "struct",
      fields: stored.fields.map((each, index) => ({
        name: each.name,
        type: meaningOf(target.children[index]!, each.type),
      })),
    };
  }
  return stored;
}

/** True where each value of `from` is the same value in `to`, or the engine says that it is not. */
export function castsExactly(from: LogicalType, to: LogicalType): boolean {
  if (from.kind === "array" && to.kind === "array") return castsExactly(from.items, to.items);
  if (from.kind === "struct" && to.kind === "struct") {
    return from.fields.length === to.fields.length && from.fields.every((field, index) => {
      const other = to.fields[index]!;
      return field.name === other.name && castsExactly(field.type, other.type);
    });
  }
  if (engineType(from) === engineType(to)) return true;
  switch (to.kind) {
    case "string":
      return ["json", "uuid", "integer", "boolean", "date"].includes(from.kind);
    case "json":
    case "uuid":
      return from.kind === "string";
    case "integer":
      return from.kind === "integer";
    case "decimal":
      return from.kind === "integer" || (from.kind === "decimal" && from.scale <= to.scale);
    case "float":
      return to.bits === 64 && (from.kind === "float" || (from.kind === "integer" && from.bits <= 32));
    case "datetime":
      return from.kind === "date" && !to.tz;
    default:
      return false;
  }
}
