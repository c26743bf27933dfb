import type { components, paths } from '../../client/schema.js';

/** The API's types as a client has them: generated from the OpenAPI document. */
export type Order = components['schemas']['Order'];
export type Problem = components['schemas']['Problem'];
export type OrderHistory = components['schemas']['OrderHistory'];
export type BatchLine = components['schemas']['BatchLine'];

/**
 * The JSON body of a response to a method of a path, the path as a test writes it: with its values
 * and its query. Unknown for a path that the API does not have.
 */
export type BodyOf<Method extends string, Path extends string> = OrUnknown<
  JsonContent<Operation<TemplateOf<WithoutQuery<Path>>, Lowercase<Method>>>
>;

type OrUnknown<Body> = [Body] extends [never] ? unknown : Body;

type Operation<Template extends keyof paths, Method extends string> = Method extends keyof paths[Template]
  ? paths[Template][Method]
  : never;

/** The JSON of the operation's responses, over all statuses. Problems have their own media type. */
type JsonContent<Operation> = Operation extends { responses: infer Responses }
  ? {
      [Status in keyof Responses]: Responses[Status] extends { content: { 'application/json': infer Body } }
        ? Body
        : never;
    }[keyof Responses]
  : never;

type WithoutQuery<Path extends string> = Path extends `${infer Pathname}?${string}` ? Pathname : Path;

type TemplateOf<Path extends string> = Path extends keyof paths ? Path : Templates<Segments<Path>>;

type Templates<Path extends string[]> = {
  [Template in keyof paths]: Fits<Segments<Template>, Path> extends true ? Template : never;
}[keyof paths];

type Segments<Path extends string> = Path extends `${infer First}/${infer Rest}` ? [First, ...Segments<Rest>] : [Path];

/**
 * Whether a path has the segments of a template. A segment that is known only at run time fits a
 * parameter and nothing else.
 */
type Fits<Template extends string[], Path extends string[]> = [Template, Path] extends [
  [infer Wanted, ...infer Templates extends string[]],
  [infer Given, ...infer Givens extends string[]],
]
  ? Given extends (Wanted extends `{${string}}` ? string : Wanted)
    ? Fits<Templates, Givens>
    : false
  : [Template, Path] extends [[], []]
    ? true
    : false;
