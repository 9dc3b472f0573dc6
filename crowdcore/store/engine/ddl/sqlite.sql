-- Made from store/models by scripts/schema.py (make schema); sqlite, schema 0004.

CREATE TABLE meta (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
);

CREATE TABLE qualification (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);

CREATE TABLE requester (
    id INTEGER NOT NULL,
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (provider, name)
);

CREATE TABLE task (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);

CREATE TABLE worker (
    id INTEGER NOT NULL,
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    simulated BOOLEAN NOT NULL,
    blocked TEXT,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (provider, name)
);

CREATE TABLE granted (
    id INTEGER NOT NULL,
    qualification_id INTEGER NOT NULL,
    worker_id INTEGER NOT NULL,
    value INTEGER NOT NULL,
    granted_at FLOAT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (qualification_id, worker_id),
    FOREIGN KEY(qualification_id) REFERENCES qualification (id),
    FOREIGN KEY(worker_id) REFERENCES worker (id)
);

CREATE TABLE run (
    id INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    requester_id INTEGER,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    wanted TEXT NOT NULL,
    config TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    sources TEXT NOT NULL,
    plugins TEXT NOT NULL,
    provider TEXT NOT NULL,
    currency TEXT NOT NULL,
    reason TEXT,
    url TEXT,
    next_ordinal INTEGER NOT NULL,
    exhausted BOOLEAN NOT NULL,
    shared TEXT NOT NULL,
    service_time FLOAT NOT NULL,
    heartbeat_at FLOAT,
    created_at FLOAT NOT NULL,
    launched_at FLOAT,
    ended_at FLOAT,
    lead INTEGER DEFAULT '0' NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (task_id, number),
    FOREIGN KEY(task_id) REFERENCES task (id),
    FOREIGN KEY(requester_id) REFERENCES requester (id),
    UNIQUE (name)
);

CREATE TABLE assignment (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    ordinal INTEGER,
    kind TEXT NOT NULL,
    item TEXT NOT NULL,
    units INTEGER NOT NULL,
    "key" TEXT,
    answers TEXT,
    reason TEXT,
    PRIMARY KEY (id),
    UNIQUE (run_id, ordinal),
    FOREIGN KEY(run_id) REFERENCES run (id)
);

CREATE UNIQUE INDEX assignment_special ON assignment (run_id, kind, "key") WHERE key IS NOT NULL;

CREATE TABLE cursor (
    run_id INTEGER NOT NULL,
    consumer TEXT NOT NULL,
    event_id INTEGER NOT NULL,
    PRIMARY KEY (run_id, consumer),
    FOREIGN KEY(run_id) REFERENCES run (id)
);

CREATE TABLE event (
    id INTEGER NOT NULL,
    run_id INTEGER,
    at FLOAT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(run_id) REFERENCES run (id)
);

CREATE INDEX event_of_run ON event (run_id, id);

CREATE TABLE record (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    kind TEXT NOT NULL,
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (run_id, plugin, kind, "key"),
    FOREIGN KEY(run_id) REFERENCES run (id)
);

CREATE TABLE visit (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    worker_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    params TEXT NOT NULL,
    status TEXT NOT NULL,
    completion TEXT,
    started_at FLOAT NOT NULL,
    ended_at FLOAT,
    PRIMARY KEY (id),
    UNIQUE (run_id, worker_id, external_id),
    FOREIGN KEY(run_id) REFERENCES run (id),
    FOREIGN KEY(worker_id) REFERENCES worker (id)
);

CREATE TABLE conversation (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    assignment_id INTEGER,
    base INTEGER NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    seed TEXT NOT NULL,
    deadline FLOAT,
    data TEXT,
    reason TEXT,
    created_at FLOAT NOT NULL,
    started_at FLOAT,
    ended_at FLOAT,
    PRIMARY KEY (id),
    FOREIGN KEY(run_id) REFERENCES run (id),
    FOREIGN KEY(assignment_id) REFERENCES assignment (id)
);

CREATE INDEX conversation_of_assignment ON conversation (assignment_id);

CREATE INDEX conversation_open ON conversation (run_id, status, id) WHERE status <> 'ended';

CREATE TABLE unit (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    assignment_id INTEGER NOT NULL,
    seat INTEGER NOT NULL,
    status TEXT NOT NULL,
    pay_micros BIGINT NOT NULL,
    worker_id INTEGER,
    reason TEXT,
    PRIMARY KEY (id),
    UNIQUE (assignment_id, seat),
    FOREIGN KEY(run_id) REFERENCES run (id),
    FOREIGN KEY(assignment_id) REFERENCES assignment (id),
    FOREIGN KEY(worker_id) REFERENCES worker (id)
);

CREATE INDEX unit_free ON unit (run_id, seat, id) WHERE status = 'launched';

CREATE INDEX unit_of_run ON unit (run_id, status);

CREATE UNIQUE INDEX unit_one_seat ON unit (assignment_id, worker_id) WHERE worker_id IS NOT NULL;

CREATE TABLE agent (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    visit_id INTEGER NOT NULL,
    worker_id INTEGER NOT NULL,
    unit_id INTEGER,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    end_reason TEXT,
    deadline FLOAT,
    state TEXT,
    draft TEXT,
    answer TEXT,
    late TEXT,
    bot TEXT,
    passed BOOLEAN,
    started_at FLOAT NOT NULL,
    ended_at FLOAT,
    conversation_id INTEGER,
    waiting_from FLOAT,
    name TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY(run_id) REFERENCES run (id),
    FOREIGN KEY(visit_id) REFERENCES visit (id),
    FOREIGN KEY(worker_id) REFERENCES worker (id),
    FOREIGN KEY(unit_id) REFERENCES unit (id),
    FOREIGN KEY(conversation_id) REFERENCES conversation (id)
);

CREATE INDEX agent_due ON agent (run_id, deadline) WHERE status IN ('waiting', 'in_task');

CREATE INDEX agent_in_conversation ON agent (conversation_id) WHERE conversation_id IS NOT NULL;

CREATE INDEX agent_of_run ON agent (run_id, id);

CREATE INDEX agent_of_unit ON agent (unit_id);

CREATE INDEX agent_of_visit ON agent (visit_id);

CREATE INDEX agent_of_worker ON agent (worker_id, run_id, status);

CREATE UNIQUE INDEX agent_open_unit ON agent (unit_id) WHERE status IN ('waiting', 'in_task');

CREATE INDEX agent_special ON agent (run_id, kind) WHERE kind <> 'unit';

CREATE TABLE outbox (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    "key" TEXT NOT NULL,
    state TEXT NOT NULL,
    worker_id INTEGER,
    visit_id INTEGER,
    unit_id INTEGER,
    amount_micros BIGINT,
    currency TEXT,
    payload TEXT NOT NULL,
    reference TEXT,
    error TEXT,
    attempts INTEGER NOT NULL,
    created_at FLOAT NOT NULL,
    sent_at FLOAT,
    settled_at FLOAT,
    PRIMARY KEY (id),
    FOREIGN KEY(run_id) REFERENCES run (id),
    UNIQUE ("key"),
    FOREIGN KEY(worker_id) REFERENCES worker (id),
    FOREIGN KEY(visit_id) REFERENCES visit (id),
    FOREIGN KEY(unit_id) REFERENCES unit (id)
);

CREATE INDEX outbox_of_run ON outbox (run_id, state, kind, id);

CREATE INDEX outbox_of_worker ON outbox (worker_id);

CREATE TABLE call (
    id INTEGER NOT NULL,
    agent_id INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    procedure TEXT NOT NULL,
    args TEXT NOT NULL,
    result TEXT,
    error TEXT,
    started_at FLOAT NOT NULL,
    seconds FLOAT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (agent_id, request_id),
    FOREIGN KEY(agent_id) REFERENCES agent (id)
);

CREATE TABLE file (
    id INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    agent_id INTEGER NOT NULL,
    field TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE ("key"),
    FOREIGN KEY(agent_id) REFERENCES agent (id)
);

CREATE INDEX file_of_agent ON file (agent_id);

CREATE TABLE inbox (
    agent_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    frame TEXT NOT NULL,
    PRIMARY KEY (agent_id, seq),
    FOREIGN KEY(agent_id) REFERENCES agent (id)
);

CREATE TABLE journal (
    conversation_id INTEGER NOT NULL,
    n INTEGER NOT NULL,
    at FLOAT NOT NULL,
    kind TEXT NOT NULL,
    agent_id INTEGER,
    "key" TEXT,
    data TEXT NOT NULL,
    PRIMARY KEY (conversation_id, n),
    UNIQUE (conversation_id, "key"),
    FOREIGN KEY(conversation_id) REFERENCES conversation (id),
    FOREIGN KEY(agent_id) REFERENCES agent (id)
);

CREATE TABLE note (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    agent_id INTEGER NOT NULL,
    worker_id INTEGER NOT NULL,
    unit_id INTEGER,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at FLOAT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(run_id) REFERENCES run (id),
    FOREIGN KEY(agent_id) REFERENCES agent (id),
    FOREIGN KEY(worker_id) REFERENCES worker (id),
    FOREIGN KEY(unit_id) REFERENCES unit (id)
);

CREATE INDEX note_of_agent ON note (agent_id);

CREATE INDEX note_of_run ON note (run_id, kind, status);
