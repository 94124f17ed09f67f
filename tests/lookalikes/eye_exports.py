"""Short eye exports of every text format but SMI, as their programs write them."""

EXPORTS = {
    "Gazepoint": {
        "User 1_all_gaze.csv": (
            "MEDIA_ID,MEDIA_NAME,CNT,TIME(2019/11/18 23:50:04.582),TIMETICK(f=10000"
            "000),FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,BPOGX,BPOGY,BPOGV,USER,LPD,L"
            "PV,RPD,RPV,BKID,BKDUR,LPMM,LPMMV,RPMM,RPMMV,TTL0,TTL1,TTLV,\n"
            "0,clip 0.png,0,0.50000,696216388878,0.5,0.5,0.48,0.02,7,1,0.5,0.25,1,0"
            ",18,1,19,1,0,0.0,3.5,1,3.75,1,0,0,1,\n"
            "0,clip 0.png,1,0.51000,696216488878,0.5,0.5,0.48,0.03,7,1,0.51,0.25,1,"
            "0,19,1,20,1,0,0.0,3.5,1,3.75,1,0,0,1,\n"
            "0,clip 0.png,2,0.52000,696216588878,0.5,0.5,0.48,0.03,7,0,0.52,0.25,0,"
            "GO 5,20,0,21,1,1,0.0,3.5,0,3.75,1,1,0,1,\n"
            "0,clip 0.png,3,0.53000,696216688878,0.5,0.5,0.53,0.0,8,1,0.53,0.25,1,G"
            "O 5,21,1,22,1,0,0.01,3.5,1,3.75,1,1,0,1,\n"
            "1,clip 1.png,4,0.00000,696216788878,0.5,0.5,-0.01,0.01,1,1,0.54,0.25,1"
            ",0,22,1,23,1,0,0.0,3.5,1,3.75,1,0,0,1,\n"
            "1,clip 1.png,5,0.01000,696216888878,0.5,0.5,-0.01,0.02,1,1,0.55,0.25,1"
            ",6,23,1,24,1,0,0.0,3.5,1,3.75,1,0,0,1,\n"
        ),
    },
    "Gazepoint API": {
        "log.csv": (
            "CNT,TIME,TIME_TICK,FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,LPOGX,LPOGY,LP"
            "OGV,RPOGX,RPOGY,RPOGV,BPOGX,BPOGY,BPOGV,LPD,LPS,LPV,RPD,RPS,RPV,LPUPIL"
            "D,LPUPILV,RPUPILD,RPUPILV,USER\n"
            "0,5.0,9000,0.5,0.5,5,0.0,1,1,0.01,0.2,1,0.02,0.3,1,0.9,0.9,1,18,1.0,1,"
            "19,1.0,1,0.0035,1,0.00375,1,0\n"
            "1,5.01,9001,0.5,0.5,5,0.01,1,1,0.11,0.2,1,0.12,0.3,1,0.9,0.9,1,18,1.0,"
            "1,19,1.0,1,0.0035,1,0.00375,0,0\n"
            "2,5.02,9002,0.5,0.5,5,0.02,1,1,0.21,0.2,1,0.22,0.3,0,0.9,0.9,1,18,1.0,"
            "1,19,1.0,1,0.0035,1,0.00375,1,start\n"
            "3,5.03,9003,0.5,0.5,5,0.03,1,1,0.31,0.2,1,0.32,0.3,1,0.9,0.9,1,18,1.0,"
            "1,19,1.0,1,0.0035,1,0.00375,1,start\n"
            "4,5.04,9004,0.5,0.5,5,0.04,1,1,0.41,0.2,1,0.42,0.3,1,0.9,0.9,1,18,1.0,"
            "1,19,1.0,1,0.0035,1,0.00375,1,start\n"
        ),
    },
    "Tobii Pro Lab": {
        "a.tsv": (
            "Recording timestamp [ms]\tSensor\tParticipant name\tEvent\tEvent value\tGaz"
            "e point left X [DACS px]\tGaze point left Y [DACS px]\tGaze point right "
            "X [DACS px]\tGaze point right Y [DACS px]\tPupil diameter left [mm]\tPupi"
            "l diameter right [mm]\tValidity left\tValidity right\tEye movement type\tG"
            "aze event duration [ms]\tEye movement type index\tGaze point left X [MCS"
            " norm]\n"
            "1000\tEye Tracker\tP1\t\t\t100\t200\t101\t201\t3.25\t3.5\tValid\tValid\tFixation\t20"
            "\t1\t0.5\n"
            "1005\tMouse\tP1\tMouseEvent\t\t\t\t\t\t\t\t\t\t\t\t\t0.5\n"
            "1010\tEye Tracker\tP1\t\t\t110\t205\t\t\t\t\tValid\tInvalid\tFixation\t20\t1\t0.5\n"
            "1015\t\tP1\tKeyboardEvent\t81\t\t\t\t\t\t\t\t\t\t\t\t0.5\n"
            "1020\tEye Tracker\tP1\t\t\t300\t400\t301\t401\t3.75\t\tValid\tValid\tSaccade\t10\t1\t0"
            ".5\n"
            "1030\tEye Tracker\tP1\t\t\t\t\t\t\t\t\tInvalid\tInvalid\tEyesNotFound\t20\t1\t0.5\n"
            "1040\tEye Tracker\tP1\t\t\t\t\t\t\t\t\tInvalid\tInvalid\tEyesNotFound\t20\t1\t0.5\n"
            "1050\tEye Tracker\tP1\t\t\t300\t400\t301\t401\t3.0\t3.0\tValid\tValid\tUnclassified"
            "\t10\t1\t0.5\n"
        ),
    },
    "Tobii Studio 3": {
        "a.tsv": (
            "RecordingTimestamp\tParticipantName\tStudioEvent\tStudioEventData\tGazePoi"
            "ntLeftX (ADCSpx)\tGazePointLeftY (ADCSpx)\tGazePointRightX (ADCSpx)\tGaze"
            "PointRightY (ADCSpx)\tPupilLeft\tPupilRight\tValidityLeft\tValidityRight\tG"
            "azeEventType\tGazeEventDuration\n"
            "1000\tP1\t\t\t100\t200\t101\t201\t3.25\t3.5\t0\t0\tFixation\t20\n"
            "1005\tP1\tMouseEvent\t\t\t\t\t\t\t\t\t\t\t\n"
            "1010\tP1\t\t\t110\t205\t\t\t\t\t0\t4\tFixation\t20\n"
            "1015\tP1\tKeyboardEvent\t81\t\t\t\t\t\t\t\t\t\t\n"
            "1020\tP1\t\t\t300\t400\t301\t401\t3.75\t\t0\t0\tSaccade\t10\n"
            "1030\tP1\t\t\t\t\t\t\t\t\t4\t4\tEyesNotFound\t20\n"
            "1040\tP1\t\t\t\t\t\t\t\t\t4\t4\tEyesNotFound\t20\n"
            "1050\tP1\t\t\t300\t400\t301\t401\t3.0\t3.0\t0\t0\tUnclassified\t10\n"
        ),
    },
    "EyeLink": {
        "s1.asc": (
            "** CONVERTED FROM s.edf using edfapi 4.2\n"
            "** TYPE: EDF_FILE BINARY EVENT SAMPLE TAGGED\n"
            "**\n"
            "\n"
            "MSG\t900 !CAL\n"
            ">>>>>>> CALIBRATION (HV9,P-CR) FOR LEFT: <<<<<<<<<\n"
            "MSG\t901 !CAL Cal coeff:(X=a+bx+cy)\n"
            "   4357.5  231.64 -84.095\n"
            "INPUT\t950\t127\n"
            "START\t1000 \tLEFT\tRIGHT\tSAMPLES\tEVENTS\n"
            "PUPIL\tAREA\n"
            "EVENTS\tGAZE\tLEFT\tRIGHT\tRATE\t 500.00\tTRACKING\tCR\tFILTER\t2\n"
            "SAMPLES\tGAZE\tLEFT\tRIGHT\tRATE\t 500.00\tTRACKING\tCR\tFILTER\t2\n"
            "SFIX L   1000\n"
            "1000\t  100.5\t  200.0\t 900.0\t  110.0\t  210.0\t 800.0\t.....\n"
            "1002\t  103.5\t  201.0\t 902.0\t   .\t   .\t    0.0\t.....\n"
            "MSG\t1003 trial 1\n"
            "1004\t  101.5\t  199.0\t 904.0\t  111.0\t  211.0\t 802.0\t.....\n"
            "EFIX L   1000\t1004\t6\t  101.8\t  200.0\t    902\n"
            "SSACC R  1000\n"
            "SBLINK R 1002\n"
            "EBLINK R 1002\t1002\t2\n"
            "ESACC R  1000\t1004\t6\t  110.0\t  210.0\t  111.0\t  211.0\t   0.10\t    90\n"
            "SSACC L  1006\n"
            "1006\t  150.0\t  250.0\t 905.0\t  150.0\t  250.0\t 805.0\t.....\n"
            "ESACC L  1006\t1006\t2\t  101.0\t  200.0\t  150.0\t  250.0\t   2.50\t    190\n"
            "END\t1008 \tSAMPLES\tEVENTS\tRES\t  45.90\t  46.06\n"
        ),
    },
    "described": {
        "gaze.csv": (
            "t,x,y,size,ok,code\n"
            "0.00,100.5,200.5,3.5,1,0\n"
            "0.01,101.5,201.5,3.25,0,7\n"
            "0.02,102.5,202.5,3.0,1,7\n"
            "0.03,103.5,203.5,2.75,1,0\n"
        ),
    },
    "Pupil Labs": {
        "s1_gaze_positions.csv": (
            "gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y,base_data\n"
            "10.00,1,0.99,0.50,0.40,1-0 1-1\n"
            "10.02,1,0.59,0.51,0.41,1-0 1-1\n"
            "10.01,1,0.95,0.52,0.42,1-0 1-1\n"
            "10.03,1,0.60,0.53,0.43,\n"
        ),
        "s1_pupil_positions.csv": (
            "pupil_timestamp,world_index,eye_id,confidence,diameter,method,diameter"
            "_3d\n"
            "10.000,1,0,0.9,40.0,2d c++,\n"
            "10.000,1,0,0.9,40.0,pye3d 0.3.0 real-time,3.5\n"
            "10.011,1,1,0.9,41.0,pye3d 0.3.0 real-time,4.5\n"
            "10.029,1,1,0.1,41.0,pye3d 0.3.0 real-time,9.9\n"
        ),
        "s1_fixations.csv": ("id,start_timestamp,duration,dispersion\n1,10.0,30.0,0.5\n"),
        "s1_blinks.csv": ("id,start_timestamp,duration,end_timestamp\n1,10.02,0.25,10.27\n"),
    },
}
"""Format -> file name -> content; the file to be named first."""
