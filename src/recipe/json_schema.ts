/** The JSON Schema of recipes for editors, from the same zod schemas that check them and from the registries. */
import { z } from "zod";
import type { JsonObject } from "../sdk/mod.ts";
import { connectorNames, getConnector, getTransform, transformNames } from "../sdk/mod.ts";
import { allowTemplates, isObject, TEMPLATE } from "./json_schema_templates.ts";
import { destinationKeys, sourceKeys } from "./model/endpoints.ts";
import type { BlockName } from "./model/root.ts";
import { blockSchema, once, ROOT_KEYS } from "./model/root.ts";
import { LATER_STEPS, resourceKeys } from "./model/steps.ts";

/** One `type` of a block: what editors say of it, and the schema of its keys. */
interface Kind {
  readonly name: string;
  readonly summary: string;
  readonly keys: JsonObject;
}

/**
 * The JSON Schema (draft 2020-12) of a recipe, with the connectors and transforms that are registered now. Marks
 * (`x-path`, `x-secret`) are kept. What only holds for a whole recipe is asked for only without `extends`.
 */
export function recipeJsonSchema(): JsonObject {
  return new Generator().recipe();
}

class Generator {
  /** Definitions that zod makes for schemas that contain themselves. */
  readonly #shared: Record<string, JsonObject> = {};

  recipe(): JsonObject {
    const connectors = connectorNames().map((name): Kind => {
      const { summary, config } = getConnector(name);
      return { name, summary, keys: this.#convert(config) };
    });
    const properties: JsonObject = {};
    for (const key of ROOT_KEYS) properties[key] = this.#property(key);
    return {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "dataloader recipe",
      description: "What to load, from where to where, and how",
      type: "object",
      properties,
      additionalProperties: false,
      allOf: [
        {
          if: { required: ["extends"] },
          else: {
            required: ["name"],
            anyOf: [{ required: ["source", "destination"] }, { required: ["resources"] }],
          },
        },
        // With parents or resources the keys that a connector needs may stand elsewhere.
        {
          if: { anyOf: [{ required: ["extends"] }, { required: ["resources"] }] },
          else: {
            properties: { source: ref("complete_source"), destination: ref("complete_destination") },
          },
        },
        // Plug-ins bring types of their own; a parent may name plug-ins.
        {
          if: { anyOf: [{ required: ["extends"] }, { required: ["plugins"] }] },
          else: { properties: { source: ref("known_connector"), destination: ref("known_connector") } },
        },
      ],
      $defs: {
        template: TEMPLATE,
        source: block(this.#convert(once("source", sourceKeys)), connectors, "Where the rows come from"),
        destination: block(
          this.#convert(once("destination", destinationKeys)),
          connectors,
          "Where the rows go",
        ),
        complete_source: complete(connectors),
        complete_destination: complete(connectors),
        known_connector: knownType(connectors),
        transform: transform(),
        step: this.#step(),
        resource: this.#resource(),
        ...this.#shared,
      },
    };
  }

  #property(key: string): JsonObject {
    switch (key) {
      case "source":
      case "destination":
      case "transform":
        return ref(key);
      case "resources":
        return {
          description:
            "Several loads in one recipe; `source` and `destination` beside them are their defaults",
          type: "array",
          minItems: 1,
          items: ref("resource"),
        };
      default:
        return this.#convert(blockSchema(key as BlockName));
    }
  }

  #step(): JsonObject {
    const kinds = transformNames().map((name): Kind => {
      const { summary, config } = getTransform(name);
      return { name, summary, keys: this.#convert(config) };
    });
    for (const [name, build] of Object.entries(LATER_STEPS)) {
      if (kinds.some((kind) => kind.name === name)) continue;
      const keys = this.#convert(once<z.ZodType>(`step.${name}`, build));
      kinds.push({ name, summary: `Run ${name}: checked, not run yet`, keys });
    }
    const own = { properties: { type: { description: "What the step does" } } };
    const required = complete(kinds);
    const described = block(own, kinds, "One step");
    return {
      ...described,
      required: ["type"],
      allOf: [...described.allOf as JsonObject[], ...required.allOf as JsonObject[]],
    };
  }

  #resource(): JsonObject {
    const own = this.#convert(once("resource", resourceKeys));
    const blocks = (["schema", "normalization", "validation", "runtime"] as const).map((key) =>
      [key, this.#convert(blockSchema(key))] as const
    );
    return {
      ...own,
      description: "One load",
      properties: {
        ...own.properties as JsonObject,
        source: ref("source"),
        transform: ref("transform"),
        destination: ref("destination"),
        ...Object.fromEntries(blocks),
      },
    };
  }

  /** A zod schema as JSON Schema of what is written, with templates allowed where text alone would not be. */
  #convert(schema: z.ZodType): JsonObject {
    const text = JSON.stringify(z.toJSONSchema(schema, {
      io: "input",
      target: "draft-2020-12",
      unrepresentable: "any",
    }));
    // zod defines what contains itself beside each schema: here those definitions stand together, under new names.
    const prefix = `d${Object.keys(this.#shared).length}_`;
    const renamed = text.replaceAll('"$ref":"#/$defs/', `"$ref":"#/$defs/${prefix}`);
    const { $schema: _, $defs, ...converted } = JSON.parse(renamed) as JsonObject;
    for (const [name, definition] of Object.entries(isObject($defs) ? $defs : {})) {
      this.#shared[prefix + name] = allowTemplates(definition as JsonObject);
    }
    return allowTemplates(converted);
  }
}

function transform(): JsonObject {
  return {
    description: "What is done with the rows on their way",
    type: "object",
    properties: {
      steps: {
        description: "Steps, applied in this order; a parent's steps come first",
        type: "array",
        items: ref("step"),
      },
    },
    additionalProperties: false,
  };
}

/** A block whose keys depend on `type`: the engine's own, and per type those of the connector or transform. */
function block(own: JsonObject, kinds: readonly Kind[], description: string): JsonObject {
  const ownProperties = { ...own.properties as JsonObject, type: typeProperty(own, kinds) };
  return {
    description,
    type: "object",
    properties: ownProperties,
    allOf: kinds.map((kind) => ({
      if: isType(kind.name),
      then: typedProperties(ownProperties, kind),
    })),
  };
}

function typedProperties(own: JsonObject, { keys }: Kind): JsonObject {
  if (!isObject(keys.properties)) {
    // A union of several forms: each with the engine's keys beside its own.
    const forms = (keys.anyOf ?? keys.oneOf) as JsonObject[] | undefined;
    if (forms === undefined) return {};
    return {
      anyOf: forms.map((form) => ({
        properties: { ...open(own), ...form.properties as JsonObject },
        ...(form.additionalProperties === false ? { additionalProperties: false } : {}),
      })),
    };
  }
  return {
    properties: { ...open(own), ...keys.properties },
    ...(keys.additionalProperties === false ? { additionalProperties: false } : {}),
  };
}

/** Keys that are described elsewhere, named here so that they are not refused. */
function open(properties: JsonObject): JsonObject {
  return Object.fromEntries(Object.keys(properties).map((key) => [key, true as unknown as JsonObject]));
}

function typeProperty(own: JsonObject, kinds: readonly Kind[]): JsonObject {
  const { description } = (own.properties as JsonObject).type as JsonObject;
  return {
    description: description!,
    type: "string",
    anyOf: [...kinds.map(({ name, summary }) => ({ const: name, description: summary })), { minLength: 1 }],
  };
}

function isType(name: string): JsonObject {
  return { properties: { type: { const: name } }, required: ["type"] };
}

/** The keys that each connector can't do without. */
function complete(kinds: readonly Kind[]): JsonObject {
  return {
    required: ["type"],
    allOf: kinds.flatMap(({ name, keys }) =>
      Array.isArray(keys.required) && keys.required.length > 0
        ? [{ if: isType(name), then: { required: keys.required } }]
        : []
    ),
  };
}

function knownType(kinds: readonly Kind[]): JsonObject {
  return { properties: { type: { anyOf: [{ enum: kinds.map(({ name }) => name) }, ref("template")] } } };
}

function ref(name: string): JsonObject {
  return { $ref: `#/$defs/${name}` };
}
