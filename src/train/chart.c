#include "train/chart.h"

#include <cairo.h>
#include <math.h>
#include <string.h>

enum {
    TITLE_SIZE = 28,
    TEXT_SIZE = 19,
    MARGIN = 28,
    HEAD = 104,   /* pixels for title and subtitle */
    TICK = 7,     /* length of a tick */
    TICKS = 6,    /* about so many on an axis */
    OVERHANG = 9, /* pixels by which a dot on the edge of a panel may stand over it */
    LEGEND_ROW = 28,
    LEGEND_MARK = 34,
    SCALE_ROOM = 64, /* for a colour scale at the right */
    SCALE_WIDTH = 14,
};

const ChartColour chart_blue = {0.16, 0.44, 0.70, 1};
const ChartColour chart_red = {0.83, 0.24, 0.25, 1};
const ChartColour chart_green = {0.18, 0.55, 0.34, 1};
const ChartColour chart_grey = {0.50, 0.53, 0.56, 1};
const ChartColour chart_black = {0.13, 0.15, 0.18, 1};
static const ChartColour grid = {0.89, 0.90, 0.92, 1};

typedef struct LegendRow {
    ChartColour colour;
    ChartLine line;
    bool has_line;
    char *text;
} LegendRow;

struct Chart {
    cairo_surface_t *surface;
    cairo_t *cairo;
    bool in_panel;
    ChartAxis x, y; /* of the panel */
    int height;
    double left, right, top, bottom; /* of the panel's inside, pixels */
    GArray *legend;                  /* LegendRow */
    ChartCorner corner;
    ChartScale *scale; /* of the panel; NULL for none */
    const char *scale_label, *scale_low, *scale_high;
};

static void set_colour(Chart *chart, ChartColour c) {
    cairo_set_source_rgba(chart->cairo, c.red, c.green, c.blue, c.alpha);
}

static void set_font(Chart *chart, double size, bool bold) {
    cairo_select_font_face(chart->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(chart->cairo, size);
}

static double text_width(Chart *chart, const char *text) {
    cairo_text_extents_t extents;
    cairo_text_extents(chart->cairo, text, &extents);
    return extents.x_advance;
}

/* Text whose baseline is at y, in pixels. */
static void show_text(Chart *chart, double x, double y, ChartAnchor anchor, const char *text) {
    const double width = text_width(chart, text);
    const double back = anchor == CHART_LEFT ? 0 : anchor == CHART_CENTRE ? width / 2 : width;
    cairo_move_to(chart->cairo, x - back, y);
    cairo_show_text(chart->cairo, text);
}

Chart *chart_new(const char *title, const char *subtitle, int height) {
    Chart *chart = g_new0(Chart, 1);
    chart->height = height;
    chart->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, CHART_WIDTH, height);
    chart->cairo = cairo_create(chart->surface);
    chart->legend = g_array_new(FALSE, FALSE, sizeof(LegendRow));
    set_colour(chart, (ChartColour){1, 1, 1, 1});
    cairo_paint(chart->cairo);
    set_colour(chart, chart_black);
    set_font(chart, TITLE_SIZE, true);
    show_text(chart, MARGIN, MARGIN + TITLE_SIZE - 2, CHART_LEFT, title);
    set_font(chart, TEXT_SIZE, false);
    set_colour(chart, chart_grey);
    if (subtitle) show_text(chart, MARGIN, MARGIN + TITLE_SIZE + 28, CHART_LEFT, subtitle);
    return chart;
}

static void legend_clear(Chart *chart) {
    for (guint i = 0; i < chart->legend->len; i++)
        g_free(g_array_index(chart->legend, LegendRow, i).text);
    g_array_set_size(chart->legend, 0);
}

void chart_free(Chart *chart) {
    if (!chart) return;
    legend_clear(chart);
    g_array_unref(chart->legend);
    cairo_destroy(chart->cairo);
    cairo_surface_destroy(chart->surface);
    g_free(chart);
}

double chart_round_up(double value) {
    if (!(value > 0)) return 1;
    const double decade = pow(10, floor(log10(value)));
    for (int i = 2; i <= 20; i++)
        if (value <= i * decade / 2) return i * decade / 2;
    return 10 * decade;
}

/* Where a value stands between the ends of its axis, 0 to 1. */
static double place(const ChartAxis *axis, double value) {
    if (!axis->is_log) return (value - axis->low) / (axis->high - axis->low);
    return log(MAX(value, axis->low * 1e-3) / axis->low) / log(axis->high / axis->low);
}

/* What is far outside is brought near: cairo's own numbers are small. */
static double pixel_x(const Chart *chart, double x) {
    return chart->left + CLAMP(place(&chart->x, x), -1, 2) * (chart->right - chart->left);
}

static double pixel_y(const Chart *chart, double y) {
    const double share = chart->y.names ? 1 - place(&chart->y, y) : place(&chart->y, y);
    return chart->bottom - CLAMP(share, -1, 2) * (chart->bottom - chart->top);
}

double chart_pixels_x(const Chart *chart) {
    return (chart->right - chart->left) / (chart->x.high - chart->x.low);
}

double chart_pixels_y(const Chart *chart) {
    return (chart->bottom - chart->top) / (chart->y.high - chart->y.low);
}

/* A distance of 1, 2 or 5 times a power of ten. */
static double tick_step(const ChartAxis *axis) {
    if (axis->is_log) return 10;
    const double rough = (axis->high - axis->low) / TICKS;
    const double decade = pow(10, floor(log10(rough)));
    const double times = rough / decade;
    return decade * (times <= 1.5 ? 1 : times <= 3.5 ? 2 : times <= 7.5 ? 5 : 10);
}

static double first_tick(const ChartAxis *axis) {
    if (axis->is_log) return pow(10, ceil(log10(axis->low) - 1e-9));
    const double step = tick_step(axis);
    return ceil(axis->low / step - 1e-9) * step;
}

static double next_tick(const ChartAxis *axis, double tick) {
    return axis->is_log ? tick * 10 : tick + tick_step(axis);
}

/* Digits in groups of three: "12,000". */
static char *group_digits(double value) {
    GString *text = g_string_new(NULL);
    g_string_printf(text, "%.0f", fabs(value));
    for (gssize at = (gssize)text->len - 3; at > 0; at -= 3)
        g_string_insert_c(text, at, ',');
    if (value < 0) g_string_prepend_c(text, '-');
    return g_string_free(text, FALSE);
}

static char *tick_text(const ChartAxis *axis, double tick) {
    if (axis->is_log && tick < 1) return g_strdup_printf("%g", tick);
    const double step = axis->is_log ? 1 : tick_step(axis);
    if (step >= 1) return group_digits(round(tick));
    if (fabs(tick) < step / 2) tick = 0; /* no minus before a zero */
    return g_strdup_printf("%.*f", (int)ceil(-log10(step) - 1e-9), tick);
}

static bool tick_within(const ChartAxis *axis, double tick) {
    return place(axis, tick) <= 1 + 1e-9;
}

/* How wide the y axis' texts are. */
static double names_width(Chart *chart, const ChartAxis *axis) {
    double widest = 3 * TEXT_SIZE; /* so that panels stand below each other */
    for (size_t i = 0; i < axis->name_count; i++)
        widest = MAX(widest, text_width(chart, axis->names[i]));
    if (axis->names) return widest;
    double t = first_tick(axis);
    while (tick_within(axis, t)) {
        g_autofree char *text = tick_text(axis, t);
        widest = MAX(widest, text_width(chart, text));
        t = next_tick(axis, t);
    }
    return widest;
}

static void stroke(Chart *chart, double x0, double y0, double x1, double y1, ChartColour colour,
                   double width) {
    set_colour(chart, colour);
    cairo_set_line_width(chart->cairo, width);
    cairo_move_to(chart->cairo, x0, y0);
    cairo_line_to(chart->cairo, x1, y1);
    cairo_stroke(chart->cairo);
}

static void draw_x_tick(Chart *chart, double x, const char *text, bool line) {
    if (line) stroke(chart, x, chart->top, x, chart->bottom, grid, 1);
    set_colour(chart, chart_black);
    show_text(chart, x, chart->bottom + TICK + TEXT_SIZE, CHART_CENTRE, text);
}

static void draw_y_tick(Chart *chart, double y, const char *text) {
    stroke(chart, chart->left, y, chart->right, y, grid, 1);
    set_colour(chart, chart_black);
    show_text(chart, chart->left - TICK - 3, y + TEXT_SIZE * 0.36, CHART_RIGHT, text);
}

static void draw_x_axis(Chart *chart) {
    const ChartAxis *axis = &chart->x;
    for (size_t i = 0; i < axis->name_count; i++)
        draw_x_tick(chart, pixel_x(chart, (double)i + 0.5), axis->names[i], false);
    double t = first_tick(axis);
    while (axis->names == NULL && tick_within(axis, t)) {
        g_autofree char *text = tick_text(axis, t);
        draw_x_tick(chart, pixel_x(chart, t), text, true);
        t = next_tick(axis, t);
    }
    if (axis->label)
        show_text(chart, (chart->left + chart->right) / 2, chart->bottom + TICK + 2.6 * TEXT_SIZE,
                  CHART_CENTRE, axis->label);
}

static void draw_y_axis(Chart *chart) {
    const ChartAxis *axis = &chart->y;
    for (size_t i = 0; i < axis->name_count; i++)
        draw_y_tick(chart, pixel_y(chart, (double)i + 0.5), axis->names[i]);
    double t = first_tick(axis);
    while (axis->names == NULL && tick_within(axis, t)) {
        g_autofree char *text = tick_text(axis, t);
        draw_y_tick(chart, pixel_y(chart, t), text);
        t = next_tick(axis, t);
    }
    if (!axis->label) return;
    cairo_save(chart->cairo);
    cairo_translate(chart->cairo, MARGIN + TEXT_SIZE * 0.7, (chart->top + chart->bottom) / 2);
    cairo_rotate(chart->cairo, -G_PI / 2);
    show_text(chart, 0, 0, CHART_CENTRE, axis->label);
    cairo_restore(chart->cairo);
}

static void draw_legend(Chart *chart);
static void draw_scale(Chart *chart);

/* What a panel's end draws over it: the frame and the legend. */
static void end_panel(Chart *chart) {
    if (!chart->in_panel) return;
    cairo_reset_clip(chart->cairo);
    stroke(chart, chart->left, chart->bottom, chart->right, chart->bottom, chart_black, 1.5);
    stroke(chart, chart->left, chart->top, chart->left, chart->bottom, chart_black, 1.5);
    draw_legend(chart);
    draw_scale(chart);
    legend_clear(chart);
    chart->in_panel = false;
}

void chart_panel(Chart *chart, int index, int count, const ChartAxis *x, const ChartAxis *y) {
    g_assert(index >= 0 && index < count && x->low < x->high && y->low < y->high);
    end_panel(chart);
    set_font(chart, TEXT_SIZE, false);
    chart->in_panel = true;
    chart->x = *x;
    chart->y = *y;
    chart->corner = CHART_TOP_RIGHT;
    const double height = (chart->height - HEAD - MARGIN / 2.0) / count;
    const double foot = TICK + TEXT_SIZE + 8 + (x->label ? 1.6 * TEXT_SIZE : 0);
    chart->top = HEAD + height * index + (index ? 12 : 0);
    chart->bottom = HEAD + height * (index + 1) - foot;
    chart->left = MARGIN + (y->label ? 1.5 * TEXT_SIZE : 0) + names_width(chart, y) + TICK + 6;
    chart->right = CHART_WIDTH - 1.4 * MARGIN - (chart->scale ? SCALE_ROOM : 0);
    draw_x_axis(chart);
    draw_y_axis(chart);
    cairo_rectangle(chart->cairo, chart->left - OVERHANG, chart->top - OVERHANG,
                    chart->right - chart->left + 2 * OVERHANG,
                    chart->bottom - chart->top + 2 * OVERHANG);
    cairo_clip(chart->cairo);
}

void chart_line(Chart *chart, const double *x, const double *y, size_t n, ChartLine line) {
    if (n == 0) return;
    cairo_new_path(chart->cairo);
    for (size_t i = 0; i < n; i++)
        cairo_line_to(chart->cairo, pixel_x(chart, x[i]), pixel_y(chart, y[i]));
    const double dashes[] = {8, 6};
    cairo_set_dash(chart->cairo, dashes, line.dashed ? 2 : 0, 0);
    cairo_set_line_width(chart->cairo, line.dashed ? 2 : 3);
    cairo_set_line_join(chart->cairo, CAIRO_LINE_JOIN_ROUND);
    set_colour(chart, line.colour);
    cairo_stroke_preserve(chart->cairo);
    cairo_set_dash(chart->cairo, NULL, 0, 0);
    if (line.filled) {
        cairo_line_to(chart->cairo, pixel_x(chart, x[n - 1]), chart->bottom);
        cairo_line_to(chart->cairo, pixel_x(chart, x[0]), chart->bottom);
        cairo_close_path(chart->cairo);
        set_colour(chart, (ChartColour){line.colour.red, line.colour.green, line.colour.blue,
                                        0.10 * line.colour.alpha});
        cairo_fill(chart->cairo);
    }
    cairo_new_path(chart->cairo);
}

void chart_segment(Chart *chart, double x0, double y0, double x1, double y1, ChartLine line) {
    chart_line(chart, (double[]){x0, x1}, (double[]){y0, y1}, 2, line);
}

void chart_dot(Chart *chart, double x, double y, double radius, ChartColour colour) {
    set_colour(chart, colour);
    cairo_arc(chart->cairo, pixel_x(chart, x), pixel_y(chart, y), radius, 0, 2 * G_PI);
    cairo_fill(chart->cairo);
}

void chart_box(Chart *chart, double x0, double y0, double x1, double y1, ChartColour colour) {
    const double left = pixel_x(chart, MIN(x0, x1)), right = pixel_x(chart, MAX(x0, x1));
    const double top = MIN(pixel_y(chart, y0), pixel_y(chart, y1));
    const double bottom = MAX(pixel_y(chart, y0), pixel_y(chart, y1));
    set_colour(chart, colour);
    cairo_rectangle(chart->cairo, left, top, right - left, bottom - top);
    cairo_fill(chart->cairo);
}

void chart_text(Chart *chart, double x, double y, double size, ChartAnchor anchor,
                ChartColour colour, const char *text) {
    set_font(chart, size, false);
    set_colour(chart, colour);
    show_text(chart, pixel_x(chart, x), pixel_y(chart, y) + size * 0.36, anchor, text);
    set_font(chart, TEXT_SIZE, false);
}

void chart_legend(Chart *chart, ChartColour colour, const ChartLine *line, const char *text) {
    const LegendRow row = {colour, line ? *line : (ChartLine){.colour = colour}, line != NULL,
                           g_strdup(text)};
    g_array_append_val(chart->legend, row);
}

void chart_legend_corner(Chart *chart, ChartCorner corner) {
    chart->corner = corner;
}

static void draw_legend_mark(Chart *chart, const LegendRow *row, double x, double y) {
    const double middle = y - TEXT_SIZE * 0.33;
    set_colour(chart, row->colour);
    if (row->has_line) {
        const double dashes[] = {8, 6};
        cairo_set_dash(chart->cairo, dashes, row->line.dashed ? 2 : 0, 0);
        stroke(chart, x, middle, x + LEGEND_MARK - 8, middle, row->colour, 3);
        cairo_set_dash(chart->cairo, NULL, 0, 0);
    } else {
        cairo_arc(chart->cairo, x + (LEGEND_MARK - 8) / 2.0, middle, 7, 0, 2 * G_PI);
        cairo_fill(chart->cairo);
    }
}

static void draw_legend(Chart *chart) {
    const double rows = chart->legend->len, padding = 12;
    if (chart->legend->len == 0) return;
    double width = 0;
    for (guint i = 0; i < chart->legend->len; i++)
        width = MAX(width, text_width(chart, g_array_index(chart->legend, LegendRow, i).text));
    width += LEGEND_MARK + 2 * padding;
    const double height = rows * LEGEND_ROW + padding;
    const bool at_left = chart->corner == CHART_TOP_LEFT || chart->corner == CHART_BOTTOM_LEFT;
    const bool at_top = chart->corner == CHART_TOP_LEFT || chart->corner == CHART_TOP_RIGHT;
    const double x = at_left ? chart->left + 16 : chart->right - 16 - width;
    const double y = at_top ? chart->top + 12 : chart->bottom - 16 - height;
    set_colour(chart, (ChartColour){1, 1, 1, 0.9});
    cairo_rectangle(chart->cairo, x, y, width, height);
    cairo_fill_preserve(chart->cairo);
    set_colour(chart, grid);
    cairo_set_line_width(chart->cairo, 1);
    cairo_stroke(chart->cairo);
    for (guint i = 0; i < chart->legend->len; i++) {
        const LegendRow *row = &g_array_index(chart->legend, LegendRow, i);
        const double base = y + padding / 2 + i * LEGEND_ROW + TEXT_SIZE + 1;
        draw_legend_mark(chart, row, x + padding, base);
        set_colour(chart, chart_black);
        show_text(chart, x + padding + LEGEND_MARK, base, CHART_LEFT, row->text);
    }
}

/* From its high end at the top to its low one. */
static void draw_scale(Chart *chart) {
    if (!chart->scale) return;
    const double x = chart->right + 24, top = chart->top + 30;
    const double height = chart->bottom - 30 - top;
    for (int i = 0; i < (int)height; i++) {
        set_colour(chart, chart->scale(1 - i / height));
        cairo_rectangle(chart->cairo, x, top + i, SCALE_WIDTH, 1.5);
        cairo_fill(chart->cairo);
    }
    set_colour(chart, chart_black);
    const double middle = x + SCALE_WIDTH / 2.0;
    show_text(chart, middle, top - 10, CHART_CENTRE, chart->scale_high);
    show_text(chart, middle, top + height + TEXT_SIZE + 6, CHART_CENTRE, chart->scale_low);
    cairo_save(chart->cairo);
    cairo_translate(chart->cairo, x + SCALE_WIDTH + TEXT_SIZE + 4, top + height / 2);
    cairo_rotate(chart->cairo, -G_PI / 2);
    show_text(chart, 0, 0, CHART_CENTRE, chart->scale_label);
    cairo_restore(chart->cairo);
    chart->scale = NULL;
}

void chart_colour_scale(Chart *chart, ChartScale *scale, const char *label, const char *low,
                        const char *high) {
    end_panel(chart);
    chart->scale = scale;
    chart->scale_label = label;
    chart->scale_low = low;
    chart->scale_high = high;
}

static cairo_status_t append(void *closure, const unsigned char *data, unsigned int len) {
    g_byte_array_append(closure, data, len);
    return CAIRO_STATUS_SUCCESS;
}

GBytes *chart_png(Chart *chart, GError **error) {
    end_panel(chart);
    GByteArray *out = g_byte_array_new();
    cairo_status_t status = cairo_status(chart->cairo);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(chart->surface, append, out);
    if (status == CAIRO_STATUS_SUCCESS) return g_byte_array_free_to_bytes(out);
    g_byte_array_unref(out);
    g_set_error(error, g_quark_from_static_string("haechi-chart-error"), 0,
                "cannot draw a picture: %s", cairo_status_to_string(status));
    return NULL;
}
