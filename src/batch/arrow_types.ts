/** Logical types as Arrow types. */
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Field,
  FixedSizeBinary,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  IntervalMonthDayNano,
  List,
  Schema as ArrowSchema,
  Struct,
  TimeMicrosecond,
  Timestamp,
  TimeUnit,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  Utf8,
} from "apache-arrow";
import type { LogicalType, Schema } from "../sdk/mod.ts";

/** The metadata key that says what a field means beyond its storage (arrow.apache.org, "Extension types"). */
export const EXTENSION_NAME = "ARROW:extension:name";
const EXTENSION_METADATA = "ARROW:extension:metadata";
export const JSON_EXTENSION = "arrow.json";
export const UUID_EXTENSION = "arrow.uuid";

/**
 * The Arrow type that `toArrow` gives: string Utf8, json Utf8 with extension `arrow.json`, integer Int8…Uint64, float
 * Float32/64, decimal Decimal128, boolean Bool, date Date32, time Time64(us), datetime Timestamp(us[, UTC]), interval
 * IntervalMonthDayNano, uuid FixedSizeBinary(16) with extension `arrow.uuid`, binary Binary, array List, struct Struct.
 */
export function arrowType(type: LogicalType): DataType {
  switch (type.kind) {
    case "string":
    case "json":
      return new Utf8();
    case "integer":
      return integerType(type.bits, type.unsigned === true);
    case "float":
      return type.bits === 32 ? new Float32() : new Float64();
    case "decimal":
      return new Decimal(type.scale, type.precision, 128);
    case "boolean":
      return new Bool();
    case "date":
      return new DateDay();
    case "time":
      return new TimeMicrosecond();
    case "datetime":
      return new Timestamp(TimeUnit.MICROSECOND, type.tz ? "UTC" : null);
    case "interval":
      return new IntervalMonthDayNano();
    case "uuid":
      return new FixedSizeBinary(16);
    case "binary":
      return new Binary();
    case "array":
      return new List(arrowField("item", type.items));
    case "struct":
      return new Struct(type.fields.map((field) => arrowField(field.name, field.type)));
  }
}

function integerType(bits: 8 | 16 | 32 | 64, unsigned: boolean): DataType {
  switch (bits) {
    case 8:
      return unsigned ? new Uint8() : new Int8();
    case 16:
      return unsigned ? new Uint16() : new Int16();
    case 32:
      return unsigned ? new Uint32() : new Int32();
    case 64:
      return unsigned ? new Uint64() : new Int64();
  }
}

export function arrowField(name: string, type: LogicalType, nullable = true): Field {
  const extension = type.kind === "json" ? JSON_EXTENSION : type.kind === "uuid" ? UUID_EXTENSION : undefined;
  const metadata = extension === undefined
    ? undefined
    : new Map([[EXTENSION_NAME, extension], [EXTENSION_METADATA, ""]]);
  return new Field(name, arrowType(type), nullable, metadata);
}

export function arrowSchema(schema: Schema): ArrowSchema {
  return new ArrowSchema(schema.fields.map((field) => arrowField(field.name, field.type, field.nullable)));
}
