#include "serve/board.h"

#include "serve/hub.h"

#include <sys/resource.h>
#include <unistd.h>

enum { NICENESS = 10 }; /* of the thread: decisions go first where processors are few */

/* What the board was told: a transaction, or another label of one. */
typedef struct Told {
    TallyRow row;
    uint64_t seq; /* of a label: its transaction's place in the log */
    size_t name;  /* of the merchant, in the names told */
    uint16_t name_len;
    bool is_label;
    int8_t before, after; /* labels */
} Told;

typedef struct Telling {
    GArray *told;   /* Told */
    GString *names; /* the merchants', one after the other */
} Telling;

struct Board {
    SideWorker side; /* first: its worker is handed out */
    GThread *thread;

    GMutex lock; /* of what follows */
    GCond room;
    Telling telling;
    Store *reader; /* given by board_open, taken by the thread */
    uint64_t log_end;
    bool opened, keeps_all;

    /* The thread's. */
    Tally *tally;
    Telling taken;
    Store *log; /* NULL: it is read to its end, or not to be */
    bool ready, complete;
    uint64_t end, at;      /* the log up to `end` is to be read; up to `at` it is */
    GHashTable *overtaken; /* uint64_t *: where a label came before its transaction was read, to the
                              label it had before, plus 2 */
    bool failed;
};

static Telling telling_new(void) {
    return (Telling){g_array_new(FALSE, FALSE, sizeof(Told)), g_string_new(NULL)};
}

static void telling_free(Telling *telling) {
    g_array_unref(telling->told);
    g_string_free(telling->names, TRUE);
}

/* Telling */

TallyRow board_row(const Transaction *transaction, const Answer *answer) {
    const bool several = answer->members.count > 1;
    return (TallyRow){
        .time = transaction->time,
        .amount = transaction->amount,
        .place = tally_place(transaction->latitude, transaction->longitude),
        .category = transaction->category,
        .alert = answer->verdict != VERDICT_APPROVE,
        .members = several ? answer->members.count : 0,
        .members_alert =
            several ? (uint8_t)member_scores_agreeing(&answer->members, VERDICT_REVIEW) : 0,
    };
}

static void tell(Board *board, Told *told, Str merchant) {
    g_mutex_lock(&board->lock);
    while (board->telling.told->len >= BOARD_TOLD_MAX)
        g_cond_wait(&board->room, &board->lock);
    told->name = board->telling.names->len;
    told->name_len = (uint16_t)merchant.len;
    g_string_append_len(board->telling.names, merchant.data, (gssize)merchant.len);
    g_array_append_vals(board->telling.told, told, 1);
    g_mutex_unlock(&board->lock);
}

void board_add_row(Board *board, const TallyRow *row, Str merchant) {
    if (!board) return;
    Told told = {.row = *row, .before = LABEL_NONE, .after = LABEL_NONE};
    tell(board, &told, merchant);
}

void board_add(Board *board, const Transaction *transaction, const Answer *answer) {
    const TallyRow row = board_row(transaction, answer);
    board_add_row(board, &row, transaction->merchant);
}

void board_label(Board *board, const StoredTransaction *of, bool is_fraud) {
    if (!board) return;
    Told told = {
        .row = board_row(&of->transaction, &of->answer),
        .seq = of->seq,
        .is_label = true,
        .before = (int8_t)of->is_fraud,
        .after = is_fraud,
    };
    tell(board, &told, of->transaction.merchant);
}

bool board_open(Board *board, const char *dir, uint64_t position, bool keeps_all, GError **error) {
    if (!board) return true;
    Store *reader = keeps_all && position > 0 ? store_open_reader(dir, error) : NULL;
    if (keeps_all && position > 0 && !reader) return false;
    g_mutex_lock(&board->lock);
    g_assert(!board->opened);
    board->reader = reader;
    board->log_end = position;
    board->keeps_all = keeps_all;
    board->opened = true;
    g_mutex_unlock(&board->lock);
    return true;
}

/* Counting, on the thread */

/* A label of a transaction that is still to be read: what is counted of it then is the label it had
 * before the first that came. */
static void note_overtaken(Board *board, const Told *told) {
    if (!board->log || told->seq > board->end || told->seq <= board->at ||
        g_hash_table_contains(board->overtaken, &told->seq))
        return;
    g_hash_table_insert(board->overtaken, g_memdup2(&told->seq, sizeof told->seq),
                        GINT_TO_POINTER(told->before + 2));
}

static void count_told(Board *board, const Told *told) {
    const Str merchant = {board->taken.names->str + told->name, told->name_len};
    if (!told->is_label) {
        tally_add(board->tally, &told->row, merchant, LABEL_NONE);
    } else if (board->complete || told->seq > board->end) { /* else it is of an earlier process */
        note_overtaken(board, told);
        tally_label(board->tally, &told->row, merchant, told->before, told->after);
    }
}

static void take_told(Board *board) {
    g_mutex_lock(&board->lock);
    const Telling full = board->telling;
    board->telling = board->taken;
    board->taken = full;
    if (board->opened && !board->ready) {
        board->log = g_steal_pointer(&board->reader);
        board->end = board->log_end;
        board->complete = board->keeps_all;
        board->ready = true;
    }
    g_cond_signal(&board->room);
    g_mutex_unlock(&board->lock);
    for (guint i = 0; i < full.told->len; i++)
        count_told(board, &g_array_index(full.told, Told, i));
    g_array_set_size(full.told, 0);
    g_string_truncate(full.names, 0);
}

/* The log */

/* A piece of it, in memory. */
typedef struct Piece {
    Telling rows; /* each row's `after` is its label */
    uint64_t end;
} Piece;

static void keep_row(const StoredTransaction *stored, void *data) {
    Piece *piece = data;
    const Str merchant = stored->transaction.merchant;
    const Told row = {
        .row = board_row(&stored->transaction, &stored->answer),
        .seq = stored->seq,
        .name = piece->rows.names->len,
        .name_len = (uint16_t)merchant.len,
        .after = (int8_t)stored->is_fraud,
    };
    if (stored->seq > piece->end) return;
    g_string_append_len(piece->rows.names, merchant.data, (gssize)merchant.len);
    g_array_append_val(piece->rows.told, row);
}

static void count_row(Board *board, const Piece *piece, const Told *row) {
    const Str merchant = {piece->rows.names->str + row->name, row->name_len};
    void *before = g_hash_table_lookup(board->overtaken, &row->seq);
    tally_add(board->tally, &row->row, merchant, before ? GPOINTER_TO_INT(before) - 2 : row->after);
    g_hash_table_remove(board->overtaken, &row->seq);
}

static void end_log(Board *board) {
    store_close(board->log);
    board->log = NULL;
    g_hash_table_remove_all(board->overtaken);
}

/* What was told meanwhile is counted before the piece is, as the piece may have it already. */
static void read_piece(Board *board) {
    g_autoptr(GError) error = NULL;
    Piece piece = {telling_new(), board->end};
    if (!store_transactions(board->log, board->at, BOARD_PIECE, keep_row, &piece, &error)) {
        g_printerr("no board: %s\n", error->message);
        board->failed = true;
        end_log(board);
    } else {
        take_told(board);
        const guint rows = piece.rows.told->len;
        for (guint i = 0; i < rows; i++)
            count_row(board, &piece, &g_array_index(piece.rows.told, Told, i));
        board->at = rows > 0 ? g_array_index(piece.rows.told, Told, rows - 1).seq : board->end;
        if (rows < BOARD_PIECE) end_log(board);
    }
    telling_free(&piece.rows);
}

/* Answers */

static void answer(Board *board, Job *job) {
    const TallyWindow window = tally_window_find(job->subject);
    if (window == TALLY_WINDOWS) {
        reply_problem(&job->reply, 400, "window is 1h, 24h, 7d or all");
    } else if (board->failed) {
        reply_problem(&job->reply, 500, "the store could not be read");
    } else if (!board->ready || board->log) {
        g_autofree char *why = g_strdup_printf(
            "the board is being counted from the log: %d %%",
            board->ready ? (int)(100.0 * (double)board->at / (double)board->end) : 0);
        reply_problem(&job->reply, 503, why);
        job->reply.retry_after = 1;
    } else {
        job->reply.body = g_string_sized_new(16384);
        tally_write(board->tally, window, board->complete, job->reply.body);
        reply_finish(&job->reply, 200, JSON_TYPE);
    }
    job->done(job);
}

static void *run(void *data) {
    Board *board = data;
    JobList jobs = {0};
    Job *job;
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS) != 0)
        g_debug("the thread keeps its priority");
    while (job_queue_take(board->side.queue, &jobs, BOARD_QUEUE_MAX,
                          board->log ? 0 : TICK_MS * G_TIME_SPAN_MILLISECOND)) {
        take_told(board);
        while ((job = job_list_pop(&jobs)))
            answer(board, job);
        if (board->log) read_piece(board);
    }
    return NULL;
}

/* Life */

Worker *board_worker(Board *board) {
    return &board->side.worker;
}

Board *board_new(void) {
    Board *board = g_new0(Board, 1);
    side_worker_init(&board->side, BOARD_QUEUE_MAX);
    g_mutex_init(&board->lock);
    g_cond_init(&board->room);
    board->telling = telling_new();
    board->taken = telling_new();
    board->tally = tally_new();
    board->overtaken = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    board->thread = g_thread_new("board", run, board);
    return board;
}

void board_stop(Board *board) {
    if (!board) return;
    job_queue_close(board->side.queue);
    g_thread_join(board->thread);
    board->thread = NULL;
}

void board_free(Board *board) {
    if (!board) return;
    g_assert(!board->thread);
    side_worker_clear(&board->side);
    store_close(board->reader);
    store_close(board->log);
    telling_free(&board->telling);
    telling_free(&board->taken);
    tally_free(board->tally);
    g_hash_table_unref(board->overtaken);
    g_mutex_clear(&board->lock);
    g_cond_clear(&board->room);
    g_free(board);
}
