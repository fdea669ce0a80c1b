// The variables of all cells. A cell's own are kept aside until it has succeeded; a later assignment to one reaches the
// functions of the cell that declared it.
type Setter = (value: unknown) => void;
type Values = Record<string | symbol, unknown>;

export class Variables {
  readonly values: Values = Object.create(null) as Values;
  readonly owners = new Map<string | symbol, CellScope>();

  /** The `exports` object of a new cell that declares `names`. */
  scope(names: readonly string[]): CellScope {
    return new CellScope(this, new Set(names));
  }
}

export class CellScope {
  readonly #staged: Values = Object.create(null) as Values;
  readonly #setters: Record<string, Setter> = Object.create(null) as Record<string, Setter>;
  #isCommitted = false;

  constructor(
    private readonly variables: Variables,
    private readonly names: ReadonlySet<string | symbol>,
  ) {}

  readonly exports: object = new Proxy(
    {},
    {
      get: (_, name) => this.get(name),
      has: (_, name) => name in this.#staged || name in this.variables.values,
      set: (_, name, value) => {
        this.#set(name, value);
        return true;
      },
      // Imports are declared as properties with a getter, once their module is there.
      defineProperty: (_, name, property) => {
        if (name !== "__esModule") this.#set(name, property.get ? property.get() : property.value);
        return true;
      },
    },
  );

  /** The value of a variable as this cell sees it. */
  get(name: string | symbol): unknown {
    return (!this.#isCommitted && this.names.has(name) ? this.#staged : this.variables.values)[name];
  }

  /** The value of `name`, which is not kept. */
  take(name: string): unknown {
    const value = this.#staged[name];
    delete this.#staged[name];
    return value;
  }

  /** Called by the cell at its end: how its `let` and `var` are assigned from outside. */
  bind(setters: Record<string, Setter>): void {
    Object.assign(this.#setters, setters);
  }

  /** Makes the cell's variables visible to later cells. */
  commit(): void {
    this.#isCommitted = true;
    for (const name of Reflect.ownKeys(this.#staged)) {
      this.variables.values[name] = this.#staged[name];
      this.variables.owners.set(name, this);
    }
  }

  #set(name: string | symbol, value: unknown): void {
    const owner = this.variables.owners.get(name);
    if (this.names.has(name)) {
      if (!this.#isCommitted) this.#staged[name] = value;
      // A function of this cell may still assign a variable that a later cell has declared anew.
      else if (owner === this) this.variables.values[name] = value;
      return;
    }
    this.variables.values[name] = value;
    if (owner && typeof name === "string") owner.#setters[name]?.(value);
  }
}
